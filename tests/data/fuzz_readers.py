"""Throw broken files at the converter: it may refuse them with a message, but must not crash or hang.

By hand, for as many seconds as one likes: `python tests/data/fuzz_readers.py 300`.
"""

from __future__ import annotations

import gzip
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from spanwright.data.convert import ConvertSettings, convert
from spanwright.data.readers.formats import ReadOptions
from spanwright.data.readers.layout import ColumnOptions
from spanwright.errors import SpanwrightError

SEEDS = [
    "Anna\tB-PER\nSmith\tI-PER\nsaw\tO\nParis\tB-LOC\n\nShe\tO\nleft\tO\n",
    "-DOCSTART- -X- O O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n. . O O\n",
    "Anna|B-PER saw|O Paris|U-LOC\nShe|O left|O\n",
    'token,tag\nAnna,S-PER\n",",O\nsaw,O\n',
    "1\tAnna\tNOUN\tPER\n1-2\tdu\t_\t_\n2\tsaw\tVERB\tO\n# c\n3\tit\tPRON\tO\n",
    '{"text": "Anna saw Paris", "spans": [{"start": 0, "end": 4, "label": "PER"}], "answer": "accept"}\n',
    '{"text": "Anna saw", "label": [[0, 4, "PER"]]}\n{"id": 2, "text": "x", "entities": []}\n',
    '[{"id": 1, "data": {"text": "Anna"}, "annotations": [{"result": [{"value": '
    '{"start": 0, "end": 4, "text": "Anna", "labels": ["PER"]}}]}]}]',
    '[["Anna saw", {"entities": [[0, 4, "PER"]]}]]',
    '[{"id": 0, "paragraphs": [{"raw": "Anna saw", "sentences": [{"tokens": '
    '[{"orth": "Anna", "ner": "U-PER"}, {"orth": "saw", "ner": "O"}]}]}]}]',
    '{"text": "good", "cats": {"pos": 1.0, "neg": 0.0}}\n{"text": "bad", "cats": {"pos": 0, "neg": 1}}\n',
    "text,label\nso good it was,pos\nso bad it was,neg\n",
    'a,b\n"5 ounces, rum","[{""start"": 0, ""end"": 1, ""type"": ""Q"", ""entity"": ""5""}]"\n',
    '{"version": "2.0", "data": [{"title": "T", "paragraphs": [{"context": "Anna saw Paris.", "qas": [{"id": "1", '
    '"question": "Who?", "answers": [{"text": "Anna", "answer_start": 0}], "is_impossible": false}]}]}]}',
    "Sentence #,Word,POS,Tag\nSentence: 1,Anna,NN,B-PER\n,saw,V,O\nSentence: 2,Bo,NN,B-PER\n,left,V,O\n",
    '{"tokens": ["Anna", "saw"], "ner_tags": ["B-PER", "O"]}\n{"tokens": ["Bo"], "ner_tags": ["B-PER"]}\n',
    'label\ttext\npos\t"so ""good"" it was"\nneg\t"so bad\nit was"\n',
    "id,comment_text,toxic,insult\n1,<p>so good it was</p>,0,0\n2,so bad it was,1,1\n",
    '{"text": "𝄞 Anna saw É", "spans": [{"start": 3, "end": 7, "label": "PER", "text": "Anna"}], "label": "A#B"}\n',
]
_BITS = ["\t", "\n", "\r", " ", "|", ",", '"', "[", "]", "{", "}", ":", "0", "-1", "1e999", "null", "\x00", "\ufeff"]
_BITS += ["\u200b", "\u00a0", "\u2028", "\\ud800", "\\u0000", "É", "𝄞", "B-", "I-X", "O", "-DOCSTART-", "#", "[" * 3000]
_SUFFIXES = ["tsv", "iob", "jsonl", "json", "csv", "txt", "conll.gz", "jsonl.gz"]
_SETTINGS = [
    ConvertSettings(force=True),
    ConvertSettings(force=True, strict=True),
    ConvertSettings(force=True, dedupe=True, split=(80, 10, 10), shard_tokens=3, alignment="expand"),
    ConvertSettings(ReadOptions(task="textcat"), force=True),
    ConvertSettings(ReadOptions(task="qa"), force=True),
    ConvertSettings(ReadOptions(format="csv"), force=True),
    ConvertSettings(ReadOptions("ner", columns=ColumnOptions(scheme="bare", label_pattern=".*")), force=True),
    ConvertSettings(ReadOptions(columns=ColumnOptions(docs="document")), force=True, alignment="contract"),
]


def mutate(random_: random.Random) -> bytes:
    """Make the bytes of a broken file."""
    text = random_.choice(SEEDS) * random_.choice((1, 1, 1, 3))
    for _ in range(random_.randrange(6)):
        at, to = sorted(random_.randrange(len(text) + 1) for _ in range(2))
        action = random_.randrange(5)
        if action == 0:
            text = text[:at] + random_.choice(_BITS) + text[at:]
        elif action == 1:
            text = text[:at] + text[min(to, at + 8) :]
        elif action == 2:
            text = text[:at] + text[at:to] + text[at:]
        elif action == 3:
            text = text[:at]
        else:
            text = text[:at] + random_.choice(SEEDS) + text[to:]
    data = text.encode(random_.choice(["utf-8"] * 6 + ["utf-16", "utf-8-sig"]), "surrogatepass")
    if random_.random() < 0.15:
        noise = bytes(random_.randrange(256) for _ in range(random_.randrange(1, 9)))
        at = random_.randrange(len(data) + 1)
        data = data[:at] + noise + data[at:]
    return data


def attempt(seed: int, folder: Path) -> str:
    """Convert one broken file; say whether it was written, or which message refused it."""
    random_ = random.Random(seed)
    data, suffix, settings = mutate(random_), random_.choice(_SUFFIXES), random_.choice(_SETTINGS)
    if suffix.endswith(".gz") and random_.random() < 0.8:
        data = gzip.compress(data)
    path = folder / f"input.{suffix}"
    path.write_bytes(data)
    try:
        convert([path], folder / "out", settings, report=folder / "report.json")
    except SpanwrightError as error:
        assert "S199" not in str(error), f"seed {seed}: {error}"
        return str(error)[1:5]
    return "written"


def main(seconds: float) -> None:
    """Try seeds for some time; a crash names its seed."""
    outcomes: Counter[str] = Counter()
    seed, slowest, end = int(time.time()), (0.0, 0), time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            seed += 1
            start = time.monotonic()
            try:
                outcomes[attempt(seed, Path(folder))] += 1
            except BaseException:
                print(f"seed {seed}")
                raise
            slowest = max(slowest, (time.monotonic() - start, seed))
    print(f"{outcomes.total()} files, slowest {slowest[0]:.2f} s (seed {slowest[1]}):", dict(outcomes.most_common()))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 300)
