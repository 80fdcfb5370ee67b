"""`doc._.ask`, and which component it asks: a Doc has no way to its pipeline but the vocab they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from spacy.tokens import Doc
from spacy.vocab import Vocab

from spanwright.errors import Errors, SpanwrightError

if TYPE_CHECKING:
    from spanwright.qa.answers import Answer

ASK = "ask"  # the name of the extension of Doc
MOST_VOCABS = 16
_COMPONENTS: WeakValueDictionary[int, Any] = WeakValueDictionary()  # by the id of the vocab


class ServedVocabs:
    """The vocabs for whose Docs a component answers, beside its own: those of other pipelines that it came to.

    They are kept, so that no other vocab gets the id of one; but the last ones only, since a service may make one for every text.
    """

    def __init__(self) -> None:
        self._vocabs: dict[int, Vocab] = {}

    def __len__(self) -> int:
        return len(self._vocabs)

    def serve(self, vocab: Vocab, component: Any) -> None:
        """Let `doc._.ask` find the component for Docs of this vocab."""
        _COMPONENTS[id(vocab)] = component
        if vocab is component.vocab:
            return
        self._vocabs[id(vocab)] = vocab
        while len(self._vocabs) > MOST_VOCABS:
            oldest = next(iter(self._vocabs))
            del self._vocabs[oldest]
            if _COMPONENTS.get(oldest) is component:
                del _COMPONENTS[oldest]


def component_of(vocab: Vocab) -> Any:
    """Return the component that answers for Docs of a vocab; None where there is none."""
    return _COMPONENTS.get(id(vocab))


def ask(doc: Doc, question: str, *, n_best: int = 1) -> Answer:
    """Answer a question about a Doc, as `doc._.ask`.

    n_best: how many candidates the answer has at most.

    Raises SpanwrightError for a question that is empty or too long, and for a Doc of no pipeline with `extractive_qa`.
    """
    component = component_of(doc.vocab)
    if component is None:
        raise SpanwrightError(Errors.S405)
    answer: Answer = next(component.ask_many([(question, doc)], n_best=n_best))
    return answer


def register_ask() -> None:
    """Give every Doc `doc._.ask`."""
    if not Doc.has_extension(ASK):
        Doc.set_extension(ASK, method=ask)


# on import: a pipeline may come into a process as a pickle, which constructs nothing
register_ask()
