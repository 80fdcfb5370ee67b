import srsly

from spanwright.preflight.findings import Finding, count, error, nearest, warning, write_report


def test_nearest_ends_a_sentence():
    assert nearest("dropuot", ["dropout", "patience"]) == "; did you mean 'dropout'?"
    assert nearest("dropuot", ["patience"]) == "."


def test_a_finding_is_one_line():
    assert error("two\n  lines").message == "two lines"


def test_report_counts_by_level(tmp_path):
    findings = [error("a"), warning("b"), warning("c")]
    write_report(findings, {"training.dropout": 0.5}, tmp_path / "metrics" / "check.json")
    report = srsly.read_json(tmp_path / "metrics" / "check.json")
    assert (report["errors"], report["warnings"]) == (1, 2) == (count(findings, "error"), count(findings, "warning"))
    assert [Finding(**finding) for finding in report["findings"]] == findings
    assert report["overrides"] == {"training.dropout": 0.5}
