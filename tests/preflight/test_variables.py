import pytest

from spanwright.preflight import variables
from spanwright.preflight.variables import check_gpu, check_language, check_variables


@pytest.mark.parametrize(
    "values",
    [
        {"name": "job_ads", "version": "1.0.0", "lang": "en", "gpu_id": "-1", "seed": "0"},
        {"version": "0.1.0rc1", "lang": "xx", "gpu_id": "7", "seed": "4294967295"},
        {"name": "entities", "lang": "en"},
        {"name": "ads2_v3", "lang": "en"},
    ],
)
def test_right_values_have_no_findings(values):
    assert check_variables(values) == []


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        *(
            ("name", value)
            for value in ("job-ads", "1ads", "ads_", "", "jöb", "job ads", "../up", "JobAds", "job__ads")
        ),
        *(("version", value) for value in ("latest", "1.0-beta", "v1.0", "", "1.0.0.")),
        *(("lang", value) for value in ("qq", "", "english", "lex_attrs", "../en")),
        *(("gpu_id", value) for value in ("-2", "0.0", "cuda", "")),
        *(("seed", value) for value in ("-1", "4294967296", "x", "1.5")),
    ],
)
def test_a_wrong_value_is_found(variable, value):
    (finding,) = check_variables({variable: value})
    assert finding.level == "error"
    assert finding.message.startswith(f"[S022] vars.{variable} = '{value}': allowed is")


def test_a_name_with_the_language_before_it_cannot_be_loaded():
    (finding,) = check_variables({"name": "en_job_ads", "lang": "en"})
    assert "Set it to 'job_ads'" in finding.message


def test_the_language_is_that_of_the_config():
    assert check_language("en", "en") == []
    (finding,) = check_language("de", "en")
    assert "vars.lang = 'de', but [nlp] lang in the config is 'en'" in finding.message


@pytest.mark.parametrize(
    ("gpu_id", "gpus", "found"),
    [
        ("-1", {"torch": 0, "cupy": 0}, False),
        ("0", {"torch": 1, "cupy": 1}, False),
        ("0", {"torch": 0, "cupy": 0}, True),
        ("0", {"torch": 1, "cupy": 0}, True),
        ("1", {"torch": 1, "cupy": 1}, True),
        ("x", {"torch": 0, "cupy": 0}, False),
    ],
)
def test_a_gpu_that_torch_or_cupy_does_not_see_is_found(monkeypatch, gpu_id, gpus, found):
    monkeypatch.setattr(variables, "visible_gpus", lambda: gpus)
    findings = check_gpu(gpu_id)
    assert bool(findings) is found
    assert all("scripts/doctor.py" in finding.message for finding in findings)
