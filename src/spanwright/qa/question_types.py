"""What an English question asks for, by its question word."""

from __future__ import annotations

import re

QUESTION_TYPES = ("who", "when", "where", "how many", "how much", "how long", "how", "which", "what", "why", "other")

_WORD = r"\b(?:(?P<who>who|whom|whose)|(?P<how>how)(?:\s+(?P<amount>many|much|long))?|(?P<plain>when|where|which|what|why))\b"
_ANYWHERE = re.compile(_WORD, re.IGNORECASE)
# after one word at most ("To whom ...", "Tell what ..."): further on, outside of a question, it opens a relative clause
_OPENING = re.compile(rf"\W*(?:\w+\s+)?{_WORD}", re.IGNORECASE)


def question_type(question: str) -> str:
    """Return the first question word as one of `QUESTION_TYPES`: "who" stands for whom and whose too.

    "other" is a question that can be answered with yes or no, a request ("Name the town."), or not English.
    """
    found = _ANYWHERE.search(question) if question.rstrip().endswith("?") else _OPENING.match(question)
    if found is None:
        return "other"
    if found["who"]:
        return "who"
    if found["how"]:
        return f"how {found['amount'].lower()}" if found["amount"] else "how"
    return str(found["plain"]).lower()
