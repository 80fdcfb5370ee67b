"""Every message Spanwright refuses input with, in one list.

Codes: S0xx files, settings and commands; S1xx annotations; S2xx encoder and optimizer; S3xx entities; S4xx questions;
S5xx categories; S6xx evaluation. A message names the setting or `file:line`, what is allowed, what was found and what to do.
"""

from __future__ import annotations


class SpanwrightError(ValueError):
    """Input or a setting that its user can mend. Commands print it as one line and exit with 1."""


class _WithCodes(type):
    def __getattribute__(cls, code: str) -> str:
        message: str = super().__getattribute__(code)
        return message if code.startswith("__") else f"[{code}] {message}"


class Errors(metaclass=_WithCodes):
    # Files, settings and commands
    S001 = "{path}: no such file. Check the path, or run the step of project.yml that makes it."
    # What `scripts/check.py` finds before training
    S010 = "{counts} before training. Mend what is listed above and run the command again; the list is in {report}."
    S011 = "{path}: cannot be read ({reason}). Correct the file."
    S012 = (
        "{path} [{section}] {key}: no such setting{nearest} spaCy leaves it out in silence. Correct the name or remove the line."
    )
    S013 = (
        "{path} [components.{component}]: not in the [nlp] pipeline{nearest} spaCy leaves it out in silence. Add it to the "
        "pipeline or remove the section."
    )
    S014 = (
        "{path} [{section}]: no such section{nearest} spaCy passes over it in silence. Correct the name or remove the section."
    )
    S015 = "{path} [{section}] {key}: '{function}' takes no such argument{nearest} Correct the name or remove the line."
    S016 = "{path} [{section}] {key}: no setting refers to it{nearest} Correct the name or remove the line."
    S017 = (
        "{path} [training.score_weights] {score}: no component of the pipeline gives this score{nearest} It will count for "
        "nothing. Correct the name or remove the line."
    )
    S018 = (
        "override --{key}: {path} has no such variable{nearest} weasel ignores it in silence. Correct the name on the command "
        "line or in WEASEL_CONFIG_OVERRIDES."
    )
    S019 = "override --{key} in {variable}: {path} has no such setting{nearest} Correct the name or unset the variable."
    S020 = "[{section}] {key} = {value}: allowed is {allowed}. Correct the value in the config."
    S021 = "{found}: {why}. Change one of them in the config."
    S022 = (
        "vars.{name} = '{value}': allowed is {allowed}{nearest} Correct it in project.yml or on the command line "
        "(--vars.{name})."
    )
    S023 = (
        "vars.name = '{name}': spaCy puts the language '{lang}' before the name itself and cannot load a package whose name "
        "has it already. Set it to '{rest}'."
    )
    S024 = (
        "vars.lang = '{lang}', but [nlp] lang in the config is '{config_lang}', and that is what the pipeline would be. Set "
        "both to the same language."
    )
    S025 = (
        "vars.gpu_id = '{gpu_id}': no such GPU ({seen}). Run 'python scripts/doctor.py' for the cause, or set it to -1 to use "
        "the CPU."
    )
    S026 = (
        "[training.score_weights]: every weight is zero ({found}), so that each checkpoint would count as the best. Give a "
        "weight above 0 to at least one score."
    )
    S027 = "{path}: no corpus; spaCy reads files ending in '.spacy' or folders of them. Run the convert step, or correct the path."
    S028 = "{path}: not a readable .spacy file ({reason}). Make it again with the convert step."
    S029 = "{path}: has no document with any text. Check what the convert step dropped, and why."
    S030 = (
        "{path}: none of its {count} documents has {kind}, which the pipeline is to learn. Annotate them, or correct the "
        "path or the pipeline."
    )
    S031 = (
        "{dev}: {kind} with labels that {train} lacks: {labels}. They cannot be learnt. Add training examples, or correct or "
        "remove the labels."
    )
    S032 = "{train}: {kind} with labels that {dev} lacks: {labels}. They cannot be evaluated. Add development examples."
    S033 = (
        "{dev}: {count} of its {total} texts are in {train} too, which makes scores too high; the first is '{example}'. Remove "
        "them from one of the two."
    )
    S034 = "{path}: only {count} documents; with fewer than {few} a pipeline seldom learns anything. Annotate more."
    S035 = (
        "{dev}: all of its {count} texts are in {train} too, so that scores would mean nothing. Hold out documents that "
        "training does not see."
    )
    S036 = "{path}: no folder of an encoder. Run the fetch-encoder step, or correct vars.encoder."
    S037 = "{path}: no config.json, so no encoder. Fetch it again, or point vars.encoder to the folder that has one."
    S038 = "{path}: describes no encoder that transformers can build ({reason}). Fetch the encoder again, or correct the file."
    S039 = (
        "{path}: weights only as pickles ({pickles}), which can run code when they are read. If you trust their source, convert "
        "them: python -c \"from transformers import AutoModel as M; M.from_pretrained('{path}').save_pretrained('{path}')\""
    )
    S040 = "{path}: cannot be read as an encoder's weights ({reason}). Fetch the encoder again."
    S041 = (
        "{path}: the weights lack {count} of the {total} parameters that config.json calls for; the first is '{name}' (the "
        "first they have instead: '{other}'). Use the config.json that the weights were saved with."
    )
    S042 = (
        "{path}: {count} weights have no place in the encoder that config.json describes; the first is '{name}'. Use the "
        "config.json that the weights were saved with."
    )
    S043 = (
        "{path}: {count} of {total} weights have another shape than config.json calls for; the first is '{name}': {found}, not "
        "{expected}. Use the config.json that the weights were saved with."
    )
    S044 = "{path}: {count} weights hold infinities or NaN; the first is '{name}'. Fetch the encoder again, or train it anew."
    S045 = "{path}: no tokenizer that can be read ({reason}). Put the files saved with the encoder's tokenizer beside its weights."
    S046 = (
        "{path}: the tokenizer has {size} word pieces and the encoder embeds {rows}, so they were not made together. Put the "
        "encoder's own tokenizer beside its weights."
    )
    S047 = "{path}: cannot be written ({reason}). Choose another output folder, or change its permissions."
    S048 = (
        "{path}: {free} free on its disk, and training needs about {needed} ({copies} times the encoder's weights). Free some "
        "space, or choose an output folder on another disk."
    )
    S060 = (
        "encoder '{setting}': neither a pinned name ({names}), nor an existing folder, nor a hub id such as "
        "'google-bert/bert-base-uncased'. Check vars.encoder for a typo."
    )
    S061 = (
        "encoder '{name}': no source gave the right files ({failures}). Connect to the network and run the step again, or copy "
        "the files of '{repository}' into {folder} by hand: they are verified before use."
    )
    S062 = (
        "encoder '{name}': cannot be downloaded ({reason}). Check the id, connect to the network and run the step again, or set "
        "vars.encoder to a folder that holds the encoder. Nothing was kept in {store}."
    )
    S063 = (
        "encoder '{name}': its repository has no weights in safetensors, the only format read here because loading it runs no "
        "code. Load it once with transformers, call save_pretrained(FOLDER), and set vars.encoder to FOLDER."
    )

    # Annotations
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
    S199 = "{file}: the ledger does not balance ({accounts}). This is a fault of Spanwright: please report it with the file."

    # Encoder and optimizer
    S201 = "precision: '{found}' is not one of {allowed}. 'auto' takes bfloat16 where the device computes in it, else float32."
    S202 = "storage: '{found}' is not one of {allowed}."
    S203 = "The model has no weights yet. Call nlp.initialize(), or load the pipeline from disk."
    S204 = (
        "{source}: the weights do not belong to this architecture. Missing: {missing}. Unexpected: {unexpected}. Nothing is "
        "trained from random numbers in their place: check that config.json and the weights come from the same model."
    )
    S205 = "{source}: weights have other shapes than config.json says: {names}. Check that both come from the same model."
    S206 = "{source}: weights hold NaN or infinity: {names}. The file is damaged or its training diverged; take another."
