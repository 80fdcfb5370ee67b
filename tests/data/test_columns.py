import gzip

import pytest
from helpers import convert_text

from spanwright.data.convert import ConvertSettings
from spanwright.data.readers.formats import ReadOptions
from spanwright.data.readers.layout import ColumnOptions
from spanwright.data.sources import Limits
from spanwright.errors import SpanwrightError

ANNA = [("Anna", "B-PER"), ("Smith", "I-PER"), ("saw", "O"), ("Paris", "B-LOC")]
IT = [("It", "O"), ("rained", "O")]
GOOD = "Anna\tB-PER\nSmith\tI-PER\nsaw\tO\nParis\tB-LOC\n\nIt\tO\nrained\tO\n"


def settings(**columns):
    return ConvertSettings(ReadOptions(columns=ColumnOptions(**columns)))


@pytest.mark.parametrize(
    "data",
    [
        GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\r"),
        GOOD.replace("\n\n", "\n \t \n"),
        GOOD.replace("\t", "  "),
        GOOD.replace("\t", ","),
        GOOD.replace("\t", ";"),
        "\ufeff" + GOOD,
        GOOD.encode("utf-16"),
        GOOD.encode("utf-16-le"),
        "word\tlabel\n" + GOOD,
        "# a comment\n" + GOOD,
        "-DOCSTART- -X- O O\n\n" + GOOD,
        GOOD.replace("\n\n", "\n-DOCSTART- O\n"),
        GOOD.rstrip("\n"),
        GOOD.replace("\tO", "\tO\tfine").replace("PER", "PER\tfine").replace("LOC", "LOC\tfine"),
        "Anna|B-PER Smith|I-PER saw|O Paris|B-LOC\nIt|O rained|O\n",
        "Anna|NN|B-PER Smith|NN|I-PER saw|V|O Paris|NN|B-LOC\nIt|P|O rained|V|O\n",
        "Anna NNP B-NP B-PER\nSmith NNP I-NP I-PER\nsaw VB B-VP O\nParis NNP B-NP B-LOC\n\nIt PRP B-NP O\nrained VB B-VP O\n",
        "1\tAnna\tN\tB-PER\n2\tSmith\tN\tI-PER\n3\tsaw\tV\tO\n4\tParis\tN\tB-LOC\n\n1\tIt\tP\tO\n2\trained\tV\tO\n",
        "B-PER\tAnna\nI-PER\tSmith\nO\tsaw\nB-LOC\tParis\n\nO\tIt\nO\trained\n",
        GOOD.replace("B-", "B_").replace("I-", "I_"),
        "Anna\tPER-B\nSmith\tPER-I\nsaw\tO\nParis\tLOC-B\n\nIt\tO\nrained\tO\n",
        GOOD.replace("B-LOC", "S-LOC").replace("I-PER", "E-PER"),
        GOOD.replace("B-LOC", "U-LOC").replace("I-PER", "L-PER"),
        GOOD.replace("B-", "I-"),
        GOOD.replace("B-LOC", "E-LOC").replace("B-PER", "I-PER").replace("Smith\tI", "Smith\tE"),
        GOOD.replace("B-", "").replace("I-", ""),
        GOOD.replace("B-", "b-").replace("I-", "i-").replace("\tO", "\to"),
        GOOD.replace("\tO", "\t0"),
        GOOD.replace("saw\tO", "saw"),
        GOOD.replace("saw\tO", "saw\tO\tsurplus"),
        GOOD.replace("saw\tO", "saw\t\tO"),
        GOOD.replace("saw\tO", "\tO\nsaw\tO\n \tO"),
    ],
)
def test_reads_the_same_in_every_layout(data, tmp_path):
    assert convert_text(data, tmp_path).sentences == [ANNA, IT]


def test_comments_are_counted(tmp_path):
    assert "2 comment lines passed over" in convert_text("# a b\n# c d\n" + GOOD, tmp_path).decisions


def test_gzip(tmp_path):
    assert convert_text(gzip.compress(GOOD.encode()), tmp_path, name="a.tsv.gz").sentences == [ANNA, IT]


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (GOOD.replace("saw\tO", "saw"), "missing-tag", 3),
        (GOOD.replace("saw\tO", "saw\tO\tsurplus"), "extra-column", 3),
        (GOOD.replace("saw\tO", " \tO"), "empty-token", 3),
        (GOOD.replace("Smith\tI-PER", "Smith\tI-LOC"), "label-change", 2),
        (GOOD.replace("saw\tO", "saw\tI-LOC"), "label-change", 3),
        (GOOD.replace("rained\tO", "rained\tI-LOC"), "orphan-inside", 7),
        (GOOD.replace("Smith\tI-PER", "Smith\tI-Per"), "label-case", 2),
        (GOOD.replace("B-", "").replace("I-", ""), "doubtful-scheme", 1),
        (GOOD + "x\tB-PERS", "truncated", 8),
    ],
)
def test_repairs_are_reported_and_strict_refuses_them(data, code, line, tmp_path):
    found = [(f["code"], f["line"]) for f in convert_text(data, tmp_path).findings]
    assert (code, line) in found
    with pytest.raises(SpanwrightError, match=code):
        convert_text(data, tmp_path, ConvertSettings(strict=True, force=True))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (GOOD.replace("rained", "ra\u200bined"), "zero-width"),
        (GOOD.replace("It", "It is"), "token-white-space"),
        (GOOD.replace("Anna", "AnnÃ©"), "mojibake"),
        (GOOD.replace("\tO", "\t-"), "outside-alias"),
        (GOOD + "\n" + GOOD, "duplicate"),
        (GOOD + "\n" + GOOD.replace("B-LOC", "O"), "conflict"),
        ("a\tO\n", "no-annotation"),
        (GOOD.replace("LOC", "Per"), "similar-labels"),
        ((GOOD + "\n") * 11 + "x\tB-PERS\n".replace("PERS", "PERX") + GOOD.replace("PER", "PLACE"), "duplicate"),
        ((GOOD.replace("LOC", "SKILLS") + "\n") * 11 + "x\tB-SKILS\n", "similar-labels"),
        ("a\tB-X\tO\nb\tO\tO\n", "ambiguous-column"),
    ],
)
def test_warnings(data, code, tmp_path):
    assert code in convert_text(data, tmp_path).codes


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "no records"),
        ("\n \n-DOCSTART- O\n", "no records"),
        (GOOD.encode() + b"\xe9\tO\n", r"a.tsv:8: byte 0xE9 is not UTF-8.*--encoding"),
        (GOOD.encode("utf-16") + b"\x00", r"a.tsv:8: byte"),
        (GOOD.replace("saw", "s\x00w"), r"a.tsv:3: control character U\+0000"),
        ("Anna\nSmith\n", "no column looks like tags"),
        ("a\tN\tX\tO\nb\tN\tX\tB-X\nc\tO\nd\tN\tX\tB-Y\n", r"a.tsv:3: the column count changes: expected 4, found 2"),
        (GOOD.replace("\tO", "\tOUT"), r"unknown tag: OUT \(3 times, first .*a.tsv:3\).*--outside OUT"),
        ("a\tB\nb\tI\nc\tO\n", "unknown tag: B"),
        (GOOD.replace("LOC", "../x"), r"--label-pattern|allowed pattern.*a.tsv:4"),
        ("x" * 70_000 + "\tO\n" + GOOD, r"a.tsv:1: line longer than 65536.*--max-line-length"),
    ],
)
def test_refusals_name_place_and_remedy(data, message, tmp_path):
    with pytest.raises(SpanwrightError, match=message):
        convert_text(data, tmp_path)
    assert not (tmp_path / "out").exists()


def test_settings_settle_what_evidence_does_not(tmp_path):
    read = lambda data, **columns: convert_text(data, tmp_path / "x", settings(**columns)).sentences  # noqa: E731
    (tmp_path / "x").mkdir()
    cases = [
        (GOOD.replace("\tO", "\tOUT"), {"outside": ("OUT",)}, [ANNA, IT]),
        ("a\tB-X\tO\nb\tO\tB-Y\n", {"columns": (1, 2)}, [[("a", "B-X"), ("b", "O")]]),
        ("a\tB-X\tO\nb\tO\tB-Y\n", {"columns": (1, -1)}, [[("a", "O"), ("b", "B-Y")]]),
        ("O\tB-X\nb\tO\n", {"header": True}, [[("b", "O")]]),
        ("a\tE-MAIL\nb\tO\n", {"scheme": "bare"}, [[("a", "B-E-MAIL"), ("b", "O")]]),
        ("a b|B-X\nc|O\n", {"separator": "pipe"}, [[("a b", "B-X"), ("c", "O")]]),
        ("a\tB-x/y\n", {"label_pattern": ".*"}, [[("a", "B-x/y")]]),
    ]
    for data, columns, expected in cases:
        for old in (tmp_path / "x").glob("out/*"):
            old.unlink()
        assert read(data, **columns) == expected, columns


def test_columns_out_of_range(tmp_path):
    with pytest.raises(SpanwrightError, match=r"--columns \(1, 5\).*2 columns"):
        convert_text(GOOD, tmp_path, settings(columns=(1, 5)))


def test_documents_keep_their_sentences(tmp_path):
    data = "-DOCSTART- O\n\n" + GOOD + "\n-DOCSTART- O\n\n" + GOOD
    docs = convert_text(data, tmp_path, settings(docs="document")).docs
    assert [[sent.text for sent in doc.sents] for doc in docs] == [["Anna Smith saw Paris", "It rained"]] * 2
    assert [[ent.text for ent in doc.ents] for doc in docs] == [["Anna Smith", "Paris"]] * 2


def test_documents_need_boundaries(tmp_path):
    with pytest.raises(SpanwrightError, match="needs -DOCSTART- rows"):
        convert_text(GOOD, tmp_path, settings(docs="document"))


def test_entities_that_lose_tokens(tmp_path):
    outcome = convert_text("a\tB-X\n\tI-X\nb\tI-X\nc\tO\n \tB-Y\n\n\tB-Y\n", tmp_path)
    assert outcome.sentences == [[("a", "B-X"), ("b", "I-X"), ("c", "O")]]
    records, labels = outcome.ledger["records"], outcome.ledger["annotations"]
    assert records == {"read": 2, "written": 0, "repaired": 1, "dropped": {"no token": 1}}
    assert labels["X"] == {"read": 1, "written": 0, "repaired": 1, "dropped": {}}
    assert labels["Y"] == {"read": 2, "written": 0, "repaired": 0, "dropped": {"no token": 2}}


def test_rows_with_many_words_and_comments(tmp_path):
    data = "# text\n1-2\tdu\t_\t_\n1\tde\tP\tO\n2\tle\tD\tO\n2.1\tx\t_\t_\n3\tPau\tN\tB-LOC\n"
    outcome = convert_text(data, tmp_path)
    assert outcome.sentences == [[("de", "O"), ("le", "O"), ("Pau", "B-LOC")]]
    assert outcome.codes.count("range-row") == 2


def test_gzip_limits(tmp_path):
    bomb = gzip.compress(b"a\tO\n" * 30_000_000, 9)
    with pytest.raises(SpanwrightError, match=r"expands to more than 2 times its size.*--max-expansion"):
        convert_text(bomb, tmp_path, ConvertSettings(ReadOptions(limits=Limits(max_expansion=2))), name="a.gz")
    with pytest.raises(SpanwrightError, match="damaged"):
        convert_text(gzip.compress(GOOD.encode())[:-9], tmp_path, name="b.gz")


def test_long_files_shard(tmp_path):
    outcome = convert_text((GOOD + "\n") * 10, tmp_path, ConvertSettings(shard_tokens=20))
    assert sorted(path.name for path in (tmp_path / "out" / "a.spacy").iterdir()) == [
        "000.spacy",
        "001.spacy",
        "002.spacy",
    ]
    assert outcome.sentences == [ANNA, IT] * 10


def test_rows_across_pieces_of_the_file(tmp_path):
    outcome = convert_text((GOOD.replace("rained", "a" * 500) + "\n") * 3_000, tmp_path)
    assert outcome.sentences == [ANNA, [("It", "O"), ("a" * 500, "O")]] * 3_000
    assert outcome.ledger["annotations"]["PER"]["written"] == 3_000


KAGGLE = 'Sentence #,Word,POS,Tag\nSentence: 1,London,NNP,B-geo\n,is,VBZ,O\n,big,JJ,O\n,",",",",O\n'


@pytest.mark.parametrize(
    ("data", "columns", "expected"),
    [
        ("EU,NNP,B-ORG\nbuys,VB,O\nlamb,NN,O\n", {}, [("EU", "B-ORG"), ("buys", "O"), ("lamb", "O")]),
        ("EU;NNP;B-ORG\n;;X;O\nlamb;NN;O\n", {}, [("EU", "B-ORG"), (";", "O"), ("lamb", "O")]),
        ("EU,NNP,B-ORG\nbuys,VB,O\n", {"separator": "comma", "columns": (1, 3)}, [("EU", "B-ORG"), ("buys", "O")]),
        (KAGGLE, {}, [("London", "B-geo"), ("is", "O"), ("big", "O"), (",", "O")]),
        (
            "Ann\tB-PER\nis\tO\nAcme B-ORG\nhere\tO\n",
            {},
            [("Ann", "B-PER"), ("is", "O"), ("Acme", "B-ORG"), ("here", "O")],
        ),
        ("Ann\tB-PER\nis\tO\nvitamin B-12\n", {}, [("Ann", "B-PER"), ("is", "O"), ("vitamin B-12", "O")]),
        (
            "Zinc B-DRUG\nand O\nVitamin B-12 B-DRUG\n",
            {},
            [("Zinc", "B-DRUG"), ("and", "O"), ("Vitamin B-12", "B-DRUG")],
        ),
        ("1\tIs\tO\n0.5\tJohn\tB-PER\n2\tin\tO\n", {}, [("Is", "O"), ("John", "B-PER"), ("in", "O")]),
        ("0.5\tIs\tO\n0.7\tJohn\tB-PER\n0.9\tin\tO\n", {}, [("Is", "O"), ("John", "B-PER"), ("in", "O")]),
        ("over|O 10\u00a0000|B-NUM men|O\n", {}, [("over", "O"), ("10\u00a0000", "B-NUM"), ("men", "O")]),
        ("東京|B-LOC\u3000は|O と|O 広い|O\n", {}, [("東京", "B-LOC"), ("は", "O"), ("と", "O"), ("広い", "O")]),
    ],
)
def test_no_part_of_a_row_joins_its_token_unasked(data, columns, expected, tmp_path):
    assert convert_text(data, tmp_path, settings(**columns)).sentences == [expected]


@pytest.mark.parametrize(
    "data",
    [
        "1\tUni\tB-ORG\tO\n2\tBonn\tI-ORG\tB-LOC\n3\tist\tO\tO\n",
        "Peter B-PER B-GENE NNP\nran O O VB\nBonn B-LOC B-CELL NNP\n",
    ],
)
def test_several_tag_columns_are_reported(data, tmp_path):
    assert "ambiguous-column" in convert_text(data, tmp_path).codes
    with pytest.raises(SpanwrightError, match=r"ambiguous-column.*--columns"):
        convert_text(data, tmp_path, ConvertSettings(strict=True, force=True))


def test_docstart_within_a_line_keeps_the_rest(tmp_path):
    data = (
        "-DOCSTART-|O EU|B-ORG rejects|O\nIt|O -DOCSTART- rained|O\n-DOCSTART- -X- O\nBonn|B-LOC is|O\n"
        + "so|O " * 8
        + "\n"
    )
    docs = [
        [("EU", "B-ORG"), ("rejects", "O")],
        [("It", "O")],
        [("rained", "O")],
        [("Bonn", "B-LOC"), ("is", "O")],
        [("so", "O")] * 8,
    ]
    assert convert_text(data, tmp_path).sentences == docs


@pytest.mark.parametrize(
    "data",
    [
        "EU NNP B-NP B-ORG\nrejects VBZ B-VP O\nBonn NNP B-NP B-LOC\n",
        "EU B-ORG B-NP NNP\nrejects O B-VP VBZ\nBonn B-LOC B-NP NNP\n",
        "EU NNP I-NP I-ORG\nrejects VBZ I-VP O\nBonn NNP I-NP I-LOC\n",
    ],
)
def test_chunks_are_no_entities(data, tmp_path):
    outcome = convert_text(data, tmp_path, ConvertSettings(strict=True))
    assert outcome.sentences == [[("EU", "B-ORG"), ("rejects", "O"), ("Bonn", "B-LOC")]]
    assert "chunks" in outcome.decisions and "ambiguous-column" not in outcome.codes


def test_chunks_alone_are_read(tmp_path):
    outcome = convert_text("EU NNP B-NP\nrejects VBZ B-VP\nBonn NNP B-NP\n", tmp_path)
    assert outcome.sentences == [[("EU", "B-NP"), ("rejects", "B-VP"), ("Bonn", "B-NP")]]


@pytest.mark.parametrize(
    "data",
    [
        "Sentence #,Word,POS,Tag\nSentence: 1,Anna,NN,B-PER\n,Smith,NN,I-PER\n"
        ',",",",",O\nSentence: 2,It,P,O\n,rained,V,O\n,.,.,O\n',
        "sentence_id\ttoken\ttag\n7\tAnna\tB-PER\n7\tSmith\tI-PER\n7\t,\tO\n8\tIt\tO\n8\trained\tO\n8\t.\tO\n",
        "Anna\tNN\tB-PER\tSentence: 1\nSmith\tNN\tI-PER\t\n,\tC\tO\t\nIt\tP\tO\tSentence: 2\nrained\tV\tO\t\n.\tP\tO\t\n",
        "lemma\tword\tpos\ttag\tsentence_idx\nanna\tAnna\tN\tB-PER\t1\nsmith\tSmith\tN\tI-PER\t1\nx\t,\tC\tO\t1\n"
        "it\tIt\tP\tO\t2\nrain\trained\tV\tO\t2\n.\t.\tP\tO\t2\n",
    ],
)
def test_numbered_sentences(data, tmp_path):
    outcome = convert_text(data, tmp_path, name="a.csv")
    assert outcome.sentences == [[("Anna", "B-PER"), ("Smith", "I-PER"), (",", "O")], [*IT, (".", "O")]]
    assert "starts a sentence" in outcome.decisions and outcome.ledger["records"]["written"] == 2


def test_numbered_sentences_across_pieces_of_the_file(tmp_path):
    rows = "".join(f"Sentence: {i},Anna{i},B-PER\n" + ",left,O\n" * 40 for i in range(4000))
    docs = convert_text("Sentence #,Word,Tag\n" + rows, tmp_path, name="a.csv").docs
    assert [len(doc) for doc in docs] == [41] * 4000 and docs[-1][0].text == "Anna3999"


def test_items_without_tags_are_reported(tmp_path):
    outcome = convert_text("Anna|B-PER Smith|I-PER really left\nShe|O was|O here\n", tmp_path)
    assert outcome.sentences[0] == [("Anna", "B-PER"), ("Smith", "I-PER"), ("really", "O"), ("left", "O")]
    assert [(f["code"], f["line"], f["found"]) for f in outcome.findings] == [
        ("missing-tag", 1, "really"),
        ("missing-tag", 1, "left"),
        ("missing-tag", 2, "here"),
    ]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["E-MAIL", "PER", "O"], ["B-E-MAIL", "B-PER", "O"]),
        (["T-E", "PER", "O"], ["B-T-E", "B-PER", "O"]),
        (["B.LOC", "I.LOC", "O"], ["B-LOC", "I-LOC", "O"]),
        (["B-E-MAIL", "I-E-MAIL", "O"], ["B-E-MAIL", "I-E-MAIL", "O"]),
    ],
)
def test_labels_with_a_dash_or_a_point(tags, expected, tmp_path):
    data = "".join(f"word{i}\t{tag}\n" for i, tag in enumerate([*tags, *tags]))
    assert [tag for _, tag in convert_text(data, tmp_path).sentences[0]] == expected * 2


@pytest.mark.parametrize(
    "tags",
    [
        ["BLOC", "ILOC", "BPER"],
        ["Begin-LOC", "Inside-LOC"],
        ["BEGIN_LOC", "LOC"],
        ["B LOC", "I LOC"],
        ["1", "2", "7"],
    ],
)
def test_prefixes_in_other_forms_are_refused(tags, tmp_path):
    data = "".join(f"word{i}\t{tag}\nis\tO\n" for i, tag in enumerate(tags))
    with pytest.raises(SpanwrightError, match=r"S130.*a.tsv:1.*--scheme bare|S106"):
        convert_text(data, tmp_path)


def test_one_tag_with_a_prefix_is_doubtful(tmp_path):
    assert "doubtful-scheme" in convert_text("a@b\tE-MAIL\nis\tO\n", tmp_path).codes


@pytest.mark.parametrize(
    ("data", "encoding", "message"),
    [
        (GOOD.encode("utf-16-be"), "utf-16", ""),
        (GOOD.encode(), "utf-16", "S140.*a.tsv: .*utf-16.*byte order"),
        (GOOD.encode("utf-32-le"), "utf-32", "S140.*utf-32"),
        (GOOD.encode(), "base64", "S100.*base64"),
        (GOOD.encode(), "rot13", "S100.*rot13"),
    ],
)
def test_encodings_that_are_named(data, encoding, message, tmp_path):
    settings = ConvertSettings(ReadOptions(encoding=encoding))
    if not message:
        assert convert_text(data, tmp_path, settings).sentences == [ANNA, IT]
        return
    with pytest.raises(SpanwrightError, match=message):
        convert_text(data, tmp_path, settings)


@pytest.mark.parametrize("tag", ["HEPATITIS-B", "PHASE_I"])
def test_one_tag_with_a_suffix_is_doubtful(tag, tmp_path):
    assert "doubtful-scheme" in convert_text(f"the\tO\nvirus\t{tag}\nstrain\t{tag}\n", tmp_path).codes
