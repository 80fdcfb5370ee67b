"""`spanwright.WithWordShape.v1`: tells heads how words are written, which an encoder of lower-cased text cannot see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import SHAPE
from spacy.tokens import Doc
from thinc.api import Embed, Model, chain, with_array
from thinc.types import Floats2d, Ints1d

WordShape = Literal["other", "number", "with_digit", "lower", "initial", "upper", "title", "title_mixed", "mixed"]
WORD_SHAPES = get_args(WordShape)
# uniform with the variance of the encoder's own vectors, which end in a layer norm
INITIAL_BOUND = 3**0.5


def build_with_word_shape(
    tok2vec: Model[list[Doc], list[Floats2d]], width: int = 32
) -> Model[list[Doc], list[Floats2d]]:
    """Build the model `spanwright.WithWordShape.v1`: `tok2vec`'s vectors, each followed by `width` learnt numbers for the
    `WordShape` of its token.
    """
    embedding = Embed(nO=width, nV=len(WORD_SHAPES), initializer=_initial_vectors)
    shapes: Model[list[Doc], list[Floats2d]] = chain(Model("word_shapes", _find_shapes), with_array(embedding))
    return Model("with_word_shape", forward, init=_initialize, layers=[tok2vec, shapes])


def forward(
    model: Model[list[Doc], list[Floats2d]], docs: list[Doc], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], Any]]:
    """Concatenate both vectors of each word. (thinc's `concatenate` adds up what layers pass on to the Docs, and listeners
    pass on None.)
    """
    (vectors, backprop_vectors), (shapes, backprop_shapes) = (layer(docs, is_train) for layer in model.layers)
    hstack = model.ops.xp.hstack

    def backprop(gradients: list[Floats2d]) -> Any:
        # of a Doc without words, the vectors may have any width
        width = shapes[0].shape[1] if shapes else 0
        backprop_shapes([model.ops.as_contig(gradient[:, -width:]) for gradient in gradients])
        return backprop_vectors([model.ops.as_contig(gradient[:, :-width]) for gradient in gradients])

    return [hstack(pair) for pair in zip(vectors, shapes, strict=True)], backprop


def word_shape(shape: str) -> WordShape:
    """Tell the kind of writing from spaCy's `token.shape_`, where X is a capital, x another letter and d a digit."""
    letters = [char for char in shape if char in "Xx"]
    if "d" in shape:
        return "with_digit" if letters or set(shape) - set("d.,") else "number"
    if not letters:
        return "other"
    if "X" not in letters:
        return "lower"
    if "x" not in letters:
        return "initial" if len(letters) == 1 else "upper"
    if letters[0] == "x":
        return "mixed"
    return "title" if "X" not in letters[1:] else "title_mixed"


def _initialize(model: Model[list[Doc], list[Floats2d]], X: list[Doc] | None = None, Y: Any = None) -> None:
    for layer in model.layers:
        layer.initialize(X=X)


def _find_shapes(
    model: Model[list[Doc], list[Ints1d]], docs: list[Doc], is_train: bool
) -> tuple[list[Ints1d], Callable[[list[Ints1d]], None]]:
    return [model.ops.asarray1i(_shape_ids(doc)) for doc in docs], lambda gradients: None


def _shape_ids(doc: Doc) -> NDArray[np.int64]:
    """The number of each token's `WordShape` (tokens,)."""
    strings = doc.vocab.strings
    unique, where = np.unique(doc.to_array(SHAPE), return_inverse=True)
    numbers = np.array([WORD_SHAPES.index(word_shape(strings[shape])) for shape in unique], dtype=np.int64)
    return numbers[where]


def _initial_vectors(ops, shape) -> Floats2d:  # type: ignore[no-untyped-def]  # as thinc's own initialisers
    return ops.asarray2f(np.random.uniform(-INITIAL_BOUND, INITIAL_BOUND, shape))
