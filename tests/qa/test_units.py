import numpy as np
import pytest
import spacy

from spanwright.qa.units import units_of

DOC = spacy.blank("en").make_doc("don't ask, why")  # do n't ask , why


@pytest.mark.parametrize(
    ("offsets", "of_characters", "of_tokens"),
    [
        pytest.param([(0, 2), (2, 5), (6, 9), (9, 10), (11, 14)], None, None, id="pieces are tokens"),
        pytest.param([(0, 2), (2, 5), (6, 8), (8, 9), (9, 10)], None, [0, 1, 2, 2, 3], id="two pieces of a token"),
        pytest.param([(0, 3), (3, 5), (6, 9)], None, [0, 0, 1], id="a piece of two tokens"),
        pytest.param([(0, 2), (2, 5), (5, 9), (9, 10), (10, 14)], None, None, id="spaces before words"),
        pytest.param([(0, 1), (0, 1), (1, 2), (6, 9)], [0, 0, 1, 2], [0, 0, 0, 1], id="two pieces of a character"),
        pytest.param([], None, None, id="none"),
    ],
)
def test_pieces_that_belong_together(offsets, of_characters, of_tokens):
    array = np.array(offsets, dtype=np.int64).reshape(-1, 2)
    for doc, expected in ((None, of_characters), (DOC, of_tokens)):
        units = units_of(array, doc)
        assert (units if units is None else units.tolist()) == expected
