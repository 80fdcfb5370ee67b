"""Labels of checkpoints as tag sets."""

from __future__ import annotations

import pytest

from spanwright.checkpoints.tagging import read_tagging
from spanwright.errors import SpanwrightError


@pytest.mark.parametrize(
    ("found", "labels", "scheme", "positions"),
    [
        ("O B-A I-A B-B I-B", ("A", "B"), "bio", (0, 1, 2, 3, 4)),
        ("I-B B-B O I-A B-A", ("B", "A"), "bio", (2, 1, 0, 4, 3)),
        ("B_A I_A O", ("A",), "bio", (2, 0, 1)),
        ("O A-B A-I", ("A",), "bio", (0, 1, 2)),
        ("O B-A I-A B-B", ("A", "B"), "bio", (0, 1, 2, 3, None)),
        ("O B-A I-A E-A S-A", ("A",), "biluo", (0, 1, 2, 3, 4)),
        ("O U-A L-A B-A I-A", ("A",), "biluo", (0, 3, 4, 2, 1)),
        ("O S-A", ("A",), "biluo", (0, None, None, None, 1)),
    ],
)
def test_tags_are_found_in_any_order(
    found: str, labels: tuple[str, ...], scheme: str, positions: tuple[int | None, ...]
) -> None:
    tagging = read_tagging(dict(enumerate(found.split())))
    assert (tagging.labels, tagging.scheme, tagging.positions) == (labels, scheme, positions)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ("LABEL_0 LABEL_1", "no prefix"),
        ("O PER LOC", "no prefix"),
        ("NOUN VERB", "no prefix"),
        ("B-A I-A", "no tag 'O'"),
        ("O I-A I-B", "no tag begins an entity of 'A'"),
        ("O B-A I-A I-B", "no tag begins an entity of 'B'"),
        ("O B-A I-A E-A L-A", "'L-A' and 'E-A' are the same"),
        ("O B-A X", "'X' has no prefix"),
    ],
)
def test_what_is_no_tagging_scheme_is_refused(found: str, reason: str) -> None:
    with pytest.raises(SpanwrightError, match="S464") as error:
        read_tagging(dict(enumerate(found.split())))
    assert reason in str(error.value) and "Allowed: O, and B- and I-" in str(error.value)
