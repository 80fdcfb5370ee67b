"""Answer the questions of a corpus with transformers' question-answering pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import common
from questions import LONGEST_ANSWER, Question, measure_answers
from transformers import PreTrainedTokenizerFast, pipeline


def main() -> None:
    args = common.running_options(__doc__)
    qa = pipeline("question-answering", model=str(args.model))
    cut: list[str] = []
    original = PreTrainedTokenizerFast.__call__

    def call(self: PreTrainedTokenizerFast, *texts: Any, **settings: Any) -> Any:
        cut.append(settings["text_pair"])
        return original(self, *texts, **settings)

    PreTrainedTokenizerFast.__call__ = call

    def together(questions: Sequence[Question]) -> list[str]:
        texts = {"question": [each.text for each in questions], "context": [each.context for each in questions]}
        return [found["answer"] for found in qa(**texts, batch_size=args.batch_size, max_answer_len=LONGEST_ANSWER)]

    def one_by_one(questions: Sequence[Question]) -> list[str]:
        return [
            qa(question=each.text, context=each.context, max_answer_len=LONGEST_ANSWER)["answer"] for each in questions
        ]

    measure_answers(one_by_one if args.batch_size == 1 else together, cut, args.data)


if __name__ == "__main__":
    main()
