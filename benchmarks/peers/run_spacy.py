"""Run a trained pipeline over the texts of a corpus."""

from __future__ import annotations

import common
import spacy


def main() -> None:
    args = common.running_options(__doc__)
    docs = common.read_docs(args.data)
    precision = {"components.transformer.model.precision": args.precision} if args.precision else {}
    nlp = spacy.load(args.model, config=precision)

    def find(texts: list[str]) -> list[set[common.Entity]]:
        return [common.gold_entities(doc) for doc in nlp.pipe(texts, batch_size=args.batch_size)]

    common.measure_entities(find, docs)


if __name__ == "__main__":
    main()
