"""Messages S100 to S199: annotations: reading, converting, exporting and pre-annotating them."""


class DataErrors:
    # Reading and converting annotations
    S100 = "--encoding {encoding}: no such encoding. Use a name Python knows, such as utf-8, utf-16, latin-1 or cp1252."
    S101 = (
        "{file}:{line}: byte {byte} is not {encoding}. Save the file as UTF-8, or name its encoding with --encoding, "
        "for example --encoding latin-1 or --encoding cp1252."
    )
    S102 = "{file}:{line}: line longer than {limit} characters. Check the file; --max-line-length N raises the limit."
    S103 = "{file}: expands to more than {limit} times its size. If you trust it, --max-expansion N raises the limit."
    S104 = "{file}: the compressed file is damaged ({reason}). Fetch it again."
    S105 = "{file}: no records: nothing but blank lines, comments or document boundaries. Check that this is the file you meant."
    S106 = (
        "{file}: no column looks like tags (rows were split at: {separator}). Tags are O, B-LABEL, I-LABEL and the like. "
        "Name the separator with --separator and the columns with --columns TOKEN,TAG."
    )
    S107 = "{file}:{line}: control character {found} in a row. Remove it; such bytes mean a damaged or binary file."
    S108 = (
        "{file}:{line}: the column count changes: expected {expected}, found {found}. Mend the row, or name the "
        "separator with --separator."
    )
    S109 = (
        "{file}: unknown tag: {tags}. Allowed are O and labels with a prefix (or all labels without one). If it means "
        '"no entity", say so with --outside {first}; for labels without prefixes use --scheme bare.'
    )
    S110 = "Labels outside of the allowed pattern {pattern}: {labels}. Rename them, or allow them with --label-pattern."
    S111 = "{place}: {code}: {summary}. Found: {found}. Mend it, or convert without --strict to have it repaired."
    S112 = "{path} exists. Use --force to replace it, or another --out or --name."
    S113 = "{file}: --columns {columns} does not fit: the file has {width} columns, counted from 1, and the two must differ."
    S114 = "{one} and {two} would both be written to {path}. Convert them one by one, with --name."
    S115 = (
        "--lang {lang}: no tokenizer ({reason}). Use a code from https://spacy.io/usage/models#languages, such as en, or install "
        "what it needs."
    )
    S116 = "{file}: --docs document needs -DOCSTART- rows, and there is none. Leave it out to have one Doc a sentence."
    S117 = "{path}: a folder of neither LABEL/*.txt nor *.arrow or *.parquet files. Name the files themselves instead."
    S118 = (
        "{file}: neither rows of tokens and tags, nor JSON, nor a table with a text and a label a row. Name the format with "
        "--format; see docs/formats.md for an example of each."
    )
    S120 = "{file}:{line}: not readable as JSON: {reason}. Mend the line; see docs/formats.md for an example of each format."
    S121 = (
        "{file}:{line}: an annotation of no known shape: {reason}. See docs/formats.md for an example of each format."
    )
    S122 = "{file}:{line}: not in the form of SQuAD: {reason}. See docs/formats.md for an example."
    S123 = "{file}:{line}: not readable as CSV: {reason}. Check the quotes; --max-line-length N raises the limit for a cell."
    S124 = "{path}: a dataset without .arrow or .parquet files at its top. Name one of its splits (found: {splits})."
    S125 = "{file}: row {line}: {columns} must be lists of one length, with no null in them. Check how the dataset was written."
    S126 = "{path}: datasets on disk are read with pyarrow. Install it: pip install pyarrow."
    S127 = "{file}: not readable as Arrow or Parquet: {reason}. Write it again with save_to_disk or to_parquet."
    S128 = "--split {split}: two or three whole per cents that add up to 100, such as 80/10/10 for train, dev and test."
    S129 = "{file}:{line}: half of a surrogate pair ({found}) in a text. Mend the text: it is no Unicode."
    S130 = (
        "{file}: tags whose parts are not told apart: {tags}. Write them as B-LABEL and I-LABEL, numbers by the names they stand "
        "for; or, if these are whole labels, use --scheme bare."
    )
    S131 = "{file}: --strip-html would move offsets of its spans. Leave it out, or convert the categories alone: --task textcat."
    S132 = (
        "{path}: a folder inside of {label}, which looks like the folder of a category. Name the folder whose folders hold the "
        "texts, or move the files up."
    )
    S133 = (
        "{file}: whether the first row names the columns does not show: {row}. Say so with --header or --no-header; --columns "
        "TEXT,LABEL settles which columns are read."
    )
    S134 = "{file}: WebAnno TSV, whose tags are not in a scheme. Export it from INCEpTION or WebAnno as CoNLL 2002."
    S135 = "{file}: a .spacy corpus is taken as it is; {options} cannot be applied. Leave it out, or convert the annotation file."
    S136 = "{path}: {found}, and --format {format} reads {read}. Leave --format out, or name another one."

    S140 = (
        "{file}: cannot be read as {encoding} ({reason}). Name the encoding of the file with --encoding, such as utf-8, "
        "utf-16-le or cp1252."
    )
    S143 = (
        "{place}: {found}. Mend it, or convert the file with scripts/convert.py, which repairs and reports such annotations, and "
        "name the corpus instead."
    )

    # Export, pre-annotation and statistics
    S150 = "{path} exists. Use --force to replace it, or another --out."
    S151 = "{path}: no document is annotated for {tasks}, which --format {format} holds. Choose another --format or --task."
    S152 = (
        "{place}: --format {format} cannot hold {found}. Mend the document, or use --format spacy-jsonl, for any text."
    )
    S153 = "{place}: scores other than 0 and 1 ({scores}), which this format cannot hold. Use --format spacy-jsonl."
    S160 = "{file}:{line}: {reason}. A row of --terms is TERM,LABEL or TERM,LABEL,CASE, where CASE is match or ignore."
    S161 = (
        "{file}:{line}: {reason}. A row of --patterns has label, pattern, flags (of a, i, m, s and x; may be empty) and "
        "group (a number or a name; may be empty), as CSV or as JSON objects."
    )
    S162 = (
        "{place}: the pattern of {pattern} ran for more than {seconds} seconds ({length} characters of text). Make it simpler "
        "(no repetition inside of a repetition, as in (a+)+), or raise --timeout."
    )
    S163 = "--plurals knows English only; the language is '{lang}'. Leave it out and list the plurals as terms."
    S164 = "{path}: cannot be loaded as a pipeline ({reason}). Name a trained pipeline's folder, such as training/model-best."
    S165 = "{file}: no texts to annotate: .txt, .jsonl, .json (also .gz) and .spacy are read. Check that it is the right file."

    # Merging corpora
    S190 = (
        "{path}: {count} texts stand there again, so that documents cannot be matched by them; the first: '{text}'. Convert with "
        "--dedupe, or mend the file."
    )
    S191 = (
        "{two} contradicts the corpora before it about {what} in '{text}' ({count} contradictions in all). Mend one of them, or "
        "leave it out."
    )
    S192 = (
        "{two}: '{span}' in '{text}' does not fit the tokens of {one} ({count} annotations in all). Name {two} before it: "
        "the first corpus gives the tokens."
    )
    S193 = (
        "{path}: shares no text with the corpora before it. Check that they are of the same documents, converted alike."
    )

    S142 = "--out {path}: a corpus is read by its ending. Give it a name that ends in .spacy."

    # Faults of our own
    S199 = "{file}: the ledger does not balance ({accounts}). This is a fault of Spanwright: please report it with the file."
