import pytest

from spanwright.preflight.settings import RANGES, Range, check_settings


@pytest.fixture
def check(filled):
    """Return a function that checks the completed config after values were set by dotted path."""
    config = filled.copy().interpolate()

    def checked(**values):
        for path, value in values.items():
            *sections, key = path.split("__")
            place = config
            for section in sections:
                place = place[section]
            place[key] = value
        return check_settings(config)

    return checked


def test_a_correct_config_has_no_findings(check):
    assert check() == []


@pytest.mark.parametrize(
    ("path", "value", "allowed"),
    [
        ("training__dropout", 2.0, "a number in [0, 1)"),
        ("training__dropout", 1.0, "a number in [0, 1)"),
        ("training__eval_frequency", 0, "a whole number in [1, ∞)"),
        ("training__accumulate_gradient", 0, "a whole number in [1, ∞)"),
        ("training__max_epochs", -2, "a whole number in [-1, ∞)"),
        ("training__max_steps", -1, "a whole number in [0, ∞)"),
        ("training__patience", -1, "a whole number in [0, ∞)"),
        ("training__optimizer__beta1", 1.0, "a number in [0, 1)"),
        ("training__optimizer__beta2", -0.1, "a number in [0, 1)"),
        ("training__optimizer__L2", -0.01, "a number in [0, ∞)"),
        ("training__optimizer__grad_clip", float("nan"), "a number in [0, ∞)"),
        ("training__optimizer__learn_rate", 0.0, "a number in (0, 1]"),
        ("training__optimizer__learn_rate__initial_rate", -1e-5, "a number in (0, 1]"),
        ("training__optimizer__learn_rate__warmup_steps", -1, "a whole number in [0, ∞)"),
        ("training__batcher__size", 0, "a whole number in [1, ∞)"),
        ("training__batcher__size__start", 0, "a number in [1, ∞)"),
        ("nlp__batch_size", 0, "a whole number in [1, ∞)"),
        ("components__ner__model__hidden_width", 0, "a whole number in [1, ∞)"),
        ("corpora__train__max_length", -1, "a whole number in [0, ∞)"),
    ],
)
def test_a_value_out_of_range_is_found(check, path, value, allowed):
    section, _, key = path.replace("__", ".").rpartition(".")
    (finding,) = check(**{path: value})
    assert finding.level == "error"
    assert finding.message.startswith(f"[S020] [{section}] {key} = {value}: allowed is {allowed}.")


@pytest.mark.parametrize(
    ("values", "level", "words"),
    [
        ({"training__eval_frequency": 101}, "error", "model-best would be a pipeline that has not learnt"),
        ({"training__optimizer__learn_rate__warmup_steps": 101}, "error", "never reaches its initial_rate"),
        ({"training__optimizer__learn_rate__total_steps": 50}, "warning", "learning rate is zero"),
        ({"training__max_steps": 0, "training__patience": 0}, "warning", "training never ends"),
        ({"components__get_spans": {"stride": 129, "window": 128}}, None, ""),
        ({"components__ner__get_spans": {"stride": 129, "window": 128}}, "error", "between two windows get no vectors"),
        ({"training__score_weights": {"ents_f": 0.0, "ents_per_type": None}}, "error", "every weight is zero"),
        ({"training__score_weights": {}}, "error", "every weight is zero (no score)"),
    ],
)
def test_settings_that_disagree_are_found(check, values, level, words):
    findings = check(**values)
    assert [finding.level for finding in findings] == ([level] if level else [])
    assert all(words in finding.message for finding in findings)


def test_what_is_planned_anew_may_disagree(check):
    plan = {"initialize__before_init": {"@callbacks": "spanwright.steps_from_epochs.v1", "epochs": 2}}
    replaced = {"training__eval_frequency": 101, "training__optimizer__learn_rate__warmup_steps": 101}
    assert len(check(**replaced)) == 2
    assert check(**replaced, **plan, training__max_steps=0, training__patience=0) == []


@pytest.mark.parametrize(
    "values",
    [{"training__max_steps": 0}, {"training__max_steps": 0, "training__patience": 0, "training__max_epochs": 3}],
)
def test_training_that_ends_by_patience_or_epochs_is_right(check, values):
    assert check(**values) == []


@pytest.mark.parametrize("value", [True, "1", [1], None, float("inf"), 1.5])
def test_a_range_holds_numbers_of_its_kind_only(value):
    assert not Range("x", 0, whole=True).holds(value)


def test_each_range_is_reachable():
    assert len({rule.pattern for rule in RANGES}) == len(RANGES)
