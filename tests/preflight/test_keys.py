from pathlib import Path

import pytest
from thinc.api import Config

from spanwright.preflight.keys import check_keys, unknown_arguments, unknown_scores

PATH = Path("ner.cfg")
TWO_CLASSIFIERS = Path(__file__).parents[2] / "configs" / "job_ads_all.cfg"


def test_a_correct_config_has_no_findings(fill):
    assert check_keys(*fill(), PATH) == []


@pytest.mark.parametrize(
    ("after", "added", "expected"),
    [
        ("[training]", "dropuot = 0.5", "[S012] ner.cfg [training] dropuot: no such setting; did you mean 'dropout'?"),
        ('lang = "en"', "batchsize = 3", "[S012] ner.cfg [nlp] batchsize: no such setting; did you mean 'batch_size'?"),
        ("[initialize]", "befor_init = null", "[S012] ner.cfg [initialize] befor_init: no such setting; did you mean"),
        ("[training]", "xyzzy = 1", "[S012] ner.cfg [training] xyzzy: no such setting. spaCy leaves"),
        (
            "[components]",
            '[components.nre]\nfactory = "ner"',
            "[S013] ner.cfg [components.nre]: not in the [nlp] pipeline;",
        ),
        (
            "eval_frequency = 50",
            "[training.optimzer]\nbeta1 = 0.3",
            "[S014] ner.cfg [training.optimzer]: no such section;",
        ),
        (
            "eval_frequency = 50",
            "[trainng]\ndropout = 0.3",
            "[S014] ner.cfg [trainng]: no such section; did you mean 'training'?",
        ),
        (
            '@optimizers = "Adam.v1"',
            "beat1 = 0.8",
            "[S015] ner.cfg [training.optimizer] beat1: 'Adam.v1' takes no such argument; did you mean 'beta1'?",
        ),
        ("train = null", 'trian = "x"', "[S016] ner.cfg [paths] trian: no setting refers to it; did you mean 'train'?"),
        ("seed = 1", "sede = 2", "[S016] ner.cfg [system] sede: no setting refers to it; did you mean 'seed'?"),
        ("ents_f = 1.0", "ent_f = 1.0", "[S017] ner.cfg [training.score_weights] ent_f: no component"),
    ],
)
def test_a_name_that_nothing_reads_is_found(fill, after, added, expected):
    (finding,) = check_keys(*fill(after, added), PATH)
    assert finding.message.startswith(expected)


def test_scores_have_the_prefix_of_their_scorer():
    config = Config().from_disk(TWO_CLASSIFIERS, interpolate=False)
    assert list(unknown_scores(config, config, PATH)) == []
    config["training"]["score_weights"]["familie_macro_f"] = 1.0
    (finding,) = unknown_scores(config, config, PATH)
    assert "familie_macro_f: no component" in finding.message
    assert "did you mean 'family_macro_f'?" in finding.message


def test_a_value_may_be_referred_to_with_a_colon(fill):
    base, full = fill("[paths]", 'mine = "x"')
    full["corpora"]["train"]["path"] = "${paths:mine}"
    assert check_keys(base, full, PATH) == []


def test_scores_of_spancat_have_its_key_in_their_names():
    config = Config(
        {
            "components": {"spancat": {"factory": "spancat", "spans_key": "food"}},
            "training": {"score_weights": {"spans_food_f": 1.0, "spans_sc_f": 0.0}},
        }
    )
    (finding,) = unknown_scores(config, config, PATH)
    assert "spans_sc_f: no component" in finding.message


def test_all_names_are_reported_at_once(fill):
    findings = check_keys(*fill("[training]", "dropuot = 0.5\nmax_stpes = 10\npatiance = 3"), PATH)
    assert [finding.message.split()[3] for finding in findings] == ["dropuot:", "max_stpes:", "patiance:"]


def test_a_section_of_ones_own_may_hold_values_for_others(fill):
    added = "patience = ${mine.patience}\n\n[mine]\npatience = 3"
    assert check_keys(*fill("eval_frequency = 50", added), PATH) == []


def test_a_function_that_nobody_registered_is_found_with_its_nearest_name():
    filled = {"learn_rate": {"@schedules": "warmup_liner.v1", "initial_rate": 1e-4}}
    (finding,) = unknown_arguments(filled, PATH, ("training", "optimizer"))
    assert finding.level == "error"
    assert "[training.optimizer.learn_rate] @schedules = 'warmup_liner.v1'" in finding.message
    assert "did you mean 'warmup_linear.v1'?" in finding.message
