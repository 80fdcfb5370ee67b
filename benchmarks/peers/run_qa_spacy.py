"""Answer the questions of a corpus with `extractive_qa`: by `ask_many`, or one by one, each with a new Doc."""

from __future__ import annotations

from collections.abc import Sequence

import common
import spacy
from questions import Question, measure_answers

from spanwright.encoder.tokenization import Pieces, PieceTokenizer


def main() -> None:
    args = common.running_options(__doc__)
    given = {"precision": args.precision, "context_pieces": args.context_pieces}
    settings = {f"components.extractive_qa.model.{name}": value for name, value in given.items() if value is not None}
    nlp = spacy.load(args.model, config=settings)
    cut: list[str] = []
    original = PieceTokenizer.__call__

    def call(self: PieceTokenizer, texts: Sequence[str]) -> list[Pieces]:
        cut.extend(texts)
        return original(self, texts)

    PieceTokenizer.__call__ = call  # type: ignore[method-assign]

    def together(questions: Sequence[Question]) -> list[str]:
        pairs = ((question.text, question.context) for question in questions)
        asked = nlp.get_pipe("extractive_qa").ask_many(pairs, batch_size=args.batch_size)
        return [answer.text for answer in asked]

    def one_by_one(questions: Sequence[Question]) -> list[str]:
        return [nlp(question.context)._.ask(question.text).text for question in questions]

    measure_answers(one_by_one if args.batch_size == 1 else together, cut, args.data)


if __name__ == "__main__":
    main()
