"""Run transformers' token-classification pipeline over the texts of a corpus."""

from __future__ import annotations

import common
from transformers import pipeline


def main() -> None:
    args = common.running_options(__doc__)
    docs = common.read_docs(args.data)
    tagger = pipeline("token-classification", model=str(args.model), aggregation_strategy="first")

    def find(texts: list[str]) -> list[set[common.Entity]]:
        found = tagger(texts, batch_size=args.batch_size)
        return [{(each["start"], each["end"], each["entity_group"]) for each in entities} for entities in found]

    common.measure_entities(find, docs)


if __name__ == "__main__":
    main()
