import csv

import pytest
from helpers import convert_file, convert_text

from spanwright.data.convert import ConvertSettings
from spanwright.data.readers.formats import ReadOptions
from spanwright.data.readers.layout import ColumnOptions
from spanwright.data.sources import Limits
from spanwright.errors import SpanwrightError


def held(outcome):
    return [(doc.text, [label for label, score in doc.cats.items() if score]) for doc in outcome.docs]


def settings(**columns):
    return ConvertSettings(ReadOptions(columns=ColumnOptions(**columns)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('text\tlabel\n"A fine film\tpos\nso bad it hurt\tneg\n', ['"A fine film', "so bad it hurt"]),
        (
            'text\tlabel\n"Fine" film, said "he"\tpos\nso bad it hurt\tneg\n',
            ['"Fine" film, said "he"', "so bad it hurt"],
        ),
        ('text\tlabel\n"A ""fine"" film"\tpos\nso bad it hurt\tneg\n', ['A "fine" film', "so bad it hurt"]),
        ('text\tlabel\n"A fine\nfilm"\tpos\nso bad it hurt\tneg\n', ["A fine\nfilm", "so bad it hurt"]),
        ('text\tlabel\n"A\tfine film"\tpos\nso bad it hurt\tneg\n', ["A\tfine film", "so bad it hurt"]),
        ('label\ttext\npos\t"A fine film\nneg\tso bad it hurt\n', ['"A fine film', "so bad it hurt"]),
        (
            'text,label\n"A fine, ""long"" film",pos\nso 5" bad it hurt,neg\n',
            ['A fine, "long" film', 'so 5" bad it hurt'],
        ),
    ],
)
def test_quotes_in_tables(text, expected, tmp_path):
    outcome = convert_text(text, tmp_path, name="a.tsv")
    assert held(outcome) == list(zip(expected, [["pos"], ["neg"]], strict=True))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('text,label\nso good it was,pos\n"so bad it was,neg\nso fine it was,pos\n', 3),
        ('text,label\nso good it was,pos\n"so bad it was,neg\n"so fine it was",pos\n', 3),
        ('text,label\n"so "good" it was",pos\nso bad it was,neg\n', 2),
        ('text\tlabel\nso good it was\tpos\n"so bad it was\nso fine it was\tpos\n', 3),
        ('text\tlabel\nso good it was\tpos\n"so bad it was\nso fine it was\n', 3),
        ('label\ttext\npos\tso good it was\nneg\t"so bad\nit was"\n', 4),
    ],
)
def test_open_quotes_are_refused_with_their_line(text, line, tmp_path):
    with pytest.raises(SpanwrightError, match=rf"a.csv:{line}: (not readable as CSV|the column count)"):
        convert_text(text, tmp_path, name="a.csv")


BODY = "so good it was indeed,pos\nso bad it was indeed,neg\nso fine it was indeed,pos\nso dull it was indeed,neg\n"


def test_a_header_without_usual_names(tmp_path):
    outcome = convert_text("utterance,polarity\n" + BODY, tmp_path, name="a.csv")
    assert len(outcome.docs) == 4 and set(outcome.docs[0].cats) == {"pos", "neg"}
    assert "header" in outcome.decisions
    without = convert_text(BODY, tmp_path, ConvertSettings(force=True), name="a.csv")
    assert len(without.docs) == 4


@pytest.mark.parametrize("first", ["What did you think of the product you bought?,Your rating", "Good,fair"])
def test_a_first_row_in_doubt_is_asked_about(first, tmp_path):
    body = "so good,pos\nso bad,neg\n" * 2 if first.startswith("Good") else BODY
    with pytest.raises(SpanwrightError, match="--header or --no-header"):
        convert_text(f"{first}\n{body}", tmp_path, name="a.csv")
    for header, count in ((True, 4), (False, 5)):
        outcome = convert_text(f"{first}\n{body}", tmp_path / str(header), settings(header=header), name="a.csv")
        assert len(outcome.docs) == count


@pytest.fixture(autouse=True)
def folders(tmp_path):
    for name in ("True", "False"):
        (tmp_path / name).mkdir()


def test_columns_of_a_table_can_be_set(tmp_path):
    rows = "a1,so good it was,x,pos\na2,so bad it was,x,neg\na3,so fine it was,y,pos\na4,so dull it was,y,neg\n"
    outcome = convert_text(rows, tmp_path, settings(columns=(2, -1), header=False), name="a.csv")
    assert held(outcome)[0] == ("so good it was", ["pos"]) and len(outcome.docs) == 4
    with pytest.raises(SpanwrightError, match="--columns"):
        convert_text(
            rows, tmp_path, ConvertSettings(ReadOptions("textcat", columns=ColumnOptions(columns=(2, 9)))), name="b.csv"
        )


def test_rival_columns_of_labels_are_reported(tmp_path):
    rows = "so good it was,x,pos\nso bad it was,y,neg\n" * 4
    outcome = convert_text(rows, tmp_path, settings(header=False), name="a.csv")
    assert "ambiguous-column" in outcome.codes
    with pytest.raises(SpanwrightError, match="ambiguous-column"):
        convert_text(rows, tmp_path, ConvertSettings(strict=True, force=True), name="a.csv")


def test_a_constant_column_is_not_the_label(tmp_path):
    rows = "4,NO_QUERY,so good it was\n0,NO_QUERY,so bad it was\n" * 3
    outcome = convert_text(rows, tmp_path, name="a.csv")
    assert held(outcome)[:2] == [("so good it was", ["4"]), ("so bad it was", ["0"])]


def test_a_column_for_each_category(tmp_path):
    text = 'id,comment_text,toxic,insult\n1,"so bad, it was",1,0\n2,so good it was,0,0\n3,so it was,1,1\n'
    outcome = convert_text(text, tmp_path, name="a.csv")
    assert [doc.cats for doc in outcome.docs][:2] == [{"toxic": 1.0, "insult": 0.0}, {"toxic": 0.0, "insult": 0.0}]
    assert "not read: id" in outcome.decisions


def test_rows_without_a_label_are_reported(tmp_path):
    outcome = convert_text("text,label\nso good,pos\nso bad,neg\nso what,\n", tmp_path, name="a.csv")
    assert held(outcome) == [("so good", ["pos"]), ("so bad", ["neg"]), ("so what", [])]
    [finding] = [finding for finding in outcome.findings if finding["code"] == "missing-label"]
    assert finding["line"] == 4 and finding["applied"]


def test_balance_of_categories_is_reported(tmp_path):
    rows = "so good it was,pos\n" * 20 + "so bad it was,neg\n"
    [finding] = [f for f in convert_text("text,label\n" + rows, tmp_path).findings if f["code"] == "unbalanced"]
    assert finding["found"] == "pos (20) and neg (1)"
    assert "single-label" in convert_text("text,label\nso good,pos\nso fine,pos\n", tmp_path, name="b.csv").codes


def write(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_txt", ".txt").replace("_TXT", ".TXT").replace("_md", ".md")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_other_files_in_folders_are_reported(tmp_path):
    films = tmp_path / "films"
    write(films, pos__1_txt="good", neg__1_TXT="bad", neg__2_md="dull", README_md="x", unsup__1_txt="so")
    outcome = convert_file(films, tmp_path / "out")
    assert sorted(doc.text for doc in outcome.docs) == ["bad", "good"] and set(outcome.docs[0].cats) == {"pos", "neg"}
    found = {(finding["code"], finding["file"].removeprefix(f"{films}/")) for finding in outcome.findings}
    assert found == {("other-file", "neg/2.md"), ("ignored-file", "README.md"), ("ignored-file", "unsup")}
    with pytest.raises(SpanwrightError, match=r"other-file.*2\.md"):
        convert_file(films, tmp_path / "out2", ConvertSettings(strict=True))


def test_folders_in_folders_are_refused(tmp_path):
    write(tmp_path / "films", pos__1_txt="good", neg__more__1_txt="bad")
    with pytest.raises(SpanwrightError, match=r"films/neg/more: a folder inside of neg"):
        convert_file(tmp_path / "films", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_markup(tmp_path):
    text = 'text,label\n"<p>A &amp; B</p><br />so <b>good</b> it is<script>x()</script>",pos\nso bad it <3 was,neg\n'
    kept = convert_text(text, tmp_path, name="a.csv")
    assert kept.docs[0].text.startswith("<p>A &amp;") and "html" in kept.codes
    outcome = convert_text(text, tmp_path, ConvertSettings(ReadOptions(strip_html=True)), name="b.csv")
    assert [doc.text for doc in outcome.docs] == ["A & B\nso good it is", "so bad it <3 was"]
    assert outcome.ledger["records"]["repaired"] == 1 and outcome.codes == ["html-stripped"]
    spans = '{"text": "<b>x</b>", "spans": [[3, 4, "X"]]}\n'
    with pytest.raises(SpanwrightError, match="--strip-html"):
        convert_text(spans, tmp_path, ConvertSettings(ReadOptions(strip_html=True)), name="c.jsonl")


def test_a_text_of_nothing_but_markup_is_dropped(tmp_path):
    settings = ConvertSettings(ReadOptions(strip_html=True))
    outcome = convert_text("text,label\n<p><br></p>,pos\nso bad,neg\n", tmp_path, settings, name="a.csv")
    assert held(outcome) == [("so bad", ["neg"])] and "empty-text" in outcome.codes
    assert outcome.ledger["records"]["dropped"] == outcome.ledger["annotations"]["pos"]["dropped"] == {"empty text": 1}


def test_a_constant_first_part_of_the_label_column(tmp_path):
    """Sorted by label: the first rows hold one label, and every other column has values of its own."""
    rows = "".join(
        f"{4 * (i >= 300)},{i},day {i % 250} of all,user{i},so it goes for user {i} today\n" for i in range(600)
    )
    outcome = convert_text(rows, tmp_path, name="a.csv")
    assert set(outcome.docs[0].cats) == {"0", "4"} and outcome.docs[0].text == "so it goes for user 0 today"


def test_a_category_for_most_texts_is_reported(tmp_path):
    rows = "text,label\n" + "".join(f"so it goes {i},label{i}\n" for i in range(30))
    assert "many-labels" in convert_text(rows, tmp_path, name="a.csv").codes


def test_joined_labels_are_reported(tmp_path):
    rows = "text,label\nso good,pos#food\nso bad,neg\nso fine,pos\nso cold,food\nin C#,C#\n"
    [finding] = [f for f in convert_text(rows, tmp_path, name="a.csv").findings if f["code"] == "joined-labels"]
    assert finding["line"] == 2 and finding["found"] == "pos#food (1)"


PROSE = ("A dull, slow, long film", "A fine, quick, short film", "A dull one")


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        ([f"{text}\t{label}" for text, label in zip(PROSE, ("neg", "pos", "neg"), strict=True)], {}),
        ([f"{text}|{label}" for text, label in zip(PROSE, ("neg", "pos", "neg"), strict=True)], {"separator": "pipe"}),
        ([f"{label};{text}" for text, label in zip(PROSE, ("neg", "pos", "neg"), strict=True)], {}),
    ],
)
def test_commas_of_a_first_text_part_no_columns(rows, options, tmp_path):
    outcome = convert_text("\n".join(rows * 2), tmp_path, settings(header=False, **options), name="a.txt")
    assert held(outcome)[:3] == list(zip(PROSE, (["neg"], ["pos"], ["neg"]), strict=True))


def test_a_tab_in_a_first_text_parts_no_columns(tmp_path):
    """Between tabs, every row after it would be one that is not closed."""
    rows = '"A\tdull, slow film",neg\n' + '"A fine, quick film",pos\n"A dull, bad film",neg\n' * 2000
    outcome = convert_text(rows, tmp_path, settings(header=False), name="a.csv")
    assert held(outcome)[:2] == [("A\tdull, slow film", ["neg"]), ("A fine, quick film", ["pos"])]


def test_labels_of_numbers_between_tabs(tmp_path):
    """As UCI's sentences of IMDB are, whose first text has more commas than tabs."""
    outcome = convert_text("A very, very, very slow-moving film.\t0\nIt was fun.\t1\nTwo hours.\t0\n", tmp_path)
    assert [label for _, [label] in held(outcome)] == ["0", "1", "0"]


@pytest.mark.parametrize(
    ("second", "reported"), [(("x", "y"), True), (("pos", "neg"), False), (("", ""), False)], ids=str
)
def test_two_columns_with_names_of_labels(second, reported, tmp_path):
    rows = "".join(f"so it was,{label},{other}\n" for label, other in zip(("pos", "neg"), second, strict=True))
    text = "text,category,label\n" + rows
    assert ("ambiguous-column" in convert_text(text, tmp_path, name="a.csv").codes) is reported
    assert "ambiguous-column" not in convert_text(text, tmp_path, settings(columns=(1, 3)), name="b.csv").codes


def test_columns_that_are_set_are_read_beside_columns_of_scores(tmp_path):
    text = "review,verified,y\n" + "so it was,1,0\nso it is,0,1\n" * 2
    outcome = convert_text(text, tmp_path, settings(columns=(1, 3)), name="a.csv")
    assert held(outcome)[:2] == [("so it was", ["0"]), ("so it is", ["1"])]


def test_long_cells(tmp_path):
    """Longer than the module csv takes by itself; of another limit, no trace may stay."""
    csv.field_size_limit(131_072)
    text = f"text,label\n{'好' * 140_000},neg\n{'坏' * 500},pos\n"
    assert len(convert_text(text, tmp_path, name="a.csv").docs) == 2
    endless = ConvertSettings(ReadOptions(limits=Limits(10**20)))
    assert len(convert_text("text,label\nso it was,neg\nso it is,pos\n", tmp_path, endless, name="b.csv").docs) == 2


def test_other_ends_of_lines_within_a_row(tmp_path):
    text = 'id\ttext\tlabel\na\u2028b\t"so\u0085bad\nit was"\tneg\nc\tso good it was\tpos\n'
    assert held(convert_text(text, tmp_path))[0] == ("so\u0085bad\nit was", ["neg"])
