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
    # Files
    S001 = "{path}: no such file. Check the path, or run the step of project.yml that makes it."
    S002 = "{path}: cannot be read or written ({reason}). Check the disk space and your rights there, then run the command again."

    # What `scripts/check.py` finds before training
    S010 = (
        "Not ready to train (errors: {errors}, warnings: {warnings}). Mend what is listed above and run the "
        "command again; {report} has the list."
    )
    S011 = "{path}: cannot be read ({reason}). Correct the file."
    S012 = (
        "{path} [{section}] {key}: no such setting{nearest} spaCy leaves it out in silence. Correct the name or "
        "remove the line."
    )
    S013 = (
        "{path} [components.{component}]: not in the [nlp] pipeline{nearest} spaCy leaves it out in silence. Add "
        "it to the pipeline or remove the section."
    )
    S014 = (
        "{path} [{section}]: no such section{nearest} spaCy passes over it in silence. Correct the name or remove"
        " the section."
    )
    S015 = "{path} [{section}] {key}: '{function}' takes no such argument{nearest} Correct the name or remove the line."
    S016 = "{path} [{section}] {key}: no setting refers to it{nearest} Correct the name or remove the line."
    S017 = (
        "{path} [training.score_weights] {score}: no component of the pipeline gives this score{nearest} It will "
        "count for nothing. Correct the name or remove the line."
    )
    S018 = (
        "override --{key}: {path} has no such variable{nearest} weasel ignores it in silence. Correct the name on"
        " the command line or in WEASEL_CONFIG_OVERRIDES."
    )
    S019 = "override --{key} in {variable}: {path} has no such setting{nearest} Correct the name or unset the variable."
    S020 = "[{section}] {key} = {value}: allowed is {allowed}. Correct the value in the config."
    S021 = "{found}: {why}. Change one of them in the config."
    S022 = (
        "vars.{name} = '{value}': allowed is {allowed}{nearest} Correct it in project.yml or on the command line "
        "(--vars.{name})."
    )
    S023 = (
        "vars.name = '{name}': spaCy puts the language '{lang}' before the name itself and cannot load a package "
        "whose name has it already. Set it to '{rest}'."
    )
    S024 = (
        "vars.lang = '{lang}', but [nlp] lang in the config is '{config_lang}'. The train step takes vars.lang; a plain "
        "`spacy train` would take the config's. Set both to the same language."
    )
    S025 = (
        "vars.gpu_id = '{gpu_id}': no such GPU ({seen}). Run 'python scripts/doctor.py' for the cause, or set it "
        "to -1 to use the CPU."
    )
    S026 = (
        "[training.score_weights]: every weight is zero ({found}), so that each checkpoint would count as the "
        "best. Give a weight above 0 to at least one score."
    )
    S027 = (
        "{path}: no corpus; spaCy reads files ending in '.spacy' or folders of them. Run the convert step, or "
        "correct the path."
    )
    S028 = "{path}: not a readable .spacy file ({reason}). Make it again with the convert step."
    S029 = "{path}: has no document with any text. Check what the convert step dropped, and why."
    S030 = (
        "{path}: none of its {count} documents has {kind}, which the pipeline is to learn. Annotate them, or "
        "correct the path or the pipeline."
    )
    S031 = (
        "{dev}: {kind} with labels that {train} lacks: {labels}. They cannot be learnt. Add training examples, or"
        " correct or remove the labels."
    )
    S032 = "{train}: {kind} with labels that {dev} lacks: {labels}. They cannot be evaluated. Add development examples."
    S033 = (
        "{dev}: {count} of its {total} texts are in {train} too, which makes scores too high; the first is "
        "'{example}'. Remove them from one of the two."
    )
    S034 = "{path}: only {count} documents; with fewer than {few} a pipeline seldom learns anything. Annotate more."
    S035 = (
        "{dev}: all of its {count} texts are in {train} too, so that scores would mean nothing. Hold out "
        "documents that training does not see."
    )
    S036 = "{path}: no folder of an encoder. Run the fetch-encoder step, or correct vars.encoder."
    S037 = "{path}: no config.json, so no encoder. Fetch it again, or point vars.encoder to the folder that has one."
    S038 = (
        "{path}: describes no encoder that transformers can build ({reason}). Fetch the encoder again, or correct"
        " the file."
    )
    S039 = (
        "{path}: weights only as pickles ({pickles}), which can run code when they are read. If you trust their "
        'source, convert them: python -c "from transformers import AutoModel as M; '
        "M.from_pretrained('{path}').save_pretrained('{path}')\""
    )
    S040 = "{path}: cannot be read as an encoder's weights ({reason}). Fetch the encoder again."
    S041 = (
        "{path}: the weights lack {count} of the {total} parameters that config.json calls for; the first is "
        "'{name}' (the first they have instead: '{other}'). Use the config.json that the weights were saved with."
    )
    S042 = (
        "{path}: {count} weights have no place in the encoder that config.json describes; the first is '{name}'. "
        "Use the config.json that the weights were saved with."
    )
    S043 = (
        "{path}: {count} of {total} weights have another shape than config.json calls for; the first is '{name}':"
        " {found}, not {expected}. Use the config.json that the weights were saved with."
    )
    S044 = (
        "{path}: {count} weights hold infinities or NaN; the first is '{name}'. Fetch the encoder again, or train"
        " it anew."
    )
    S045 = (
        "{path}: no tokenizer that can be read ({reason}). Put the files saved with the encoder's tokenizer "
        "beside its weights."
    )
    S046 = (
        "{path}: the tokenizer has {size} word pieces and the encoder embeds {rows}, so they were not made "
        "together. Put the encoder's own tokenizer beside its weights."
    )
    S047 = "{path}: cannot be written ({reason}). Choose another output folder, or change its permissions."
    S048 = (
        "{path}: {free} free on its disk, and training needs about {needed} ({copies} times the encoder's "
        "weights). Free some space, or choose an output folder on another disk."
    )
    S049 = "{path} [{section}] @{kind} = '{name}': no such function is registered{nearest} Correct the name."

    # What `scripts/doctor.py` finds
    S050 = "Python {found}: allowed is {allowed}. Make an environment with another Python."
    S051 = "{package} {found} is installed, but {owners}."
    S052 = "{library} is installed but cannot be imported ({reason})."
    S053 = "{count} NVIDIA GPU(s) and no driver for them. Install one; in a container, start it with '--gpus all'."
    S054 = (
        "The NVIDIA driver runs CUDA up to {runs}, and torch and cupy need CUDA {oldest} or newer. Update the driver."
    )
    S055 = (
        "torch {torch} is built for {built}; the NVIDIA driver runs CUDA up to {runs}, so it needs a torch built "
        "for CUDA {best}."
    )
    S056 = "There is a GPU and no cupy: torch is built for CUDA {major}, and spaCy needs a cupy for the same."
    S057 = (
        "{found}: torch is built for CUDA {major}, and needs the cupy for the same version, and only that one, "
        "beside it."
    )
    S058 = "A computation on the GPU failed ({probe}: {reason})."

    # Fetching encoders and data, and the steps of project.yml
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
    S070 = "`{command}` failed with exit code {code}: {output}"
    S071 = (
        "Training ended without an evaluation, so there is no model-best in {folder}. Set training.max_steps to at least "
        "training.eval_frequency."
    )
    S072 = (
        "{pipeline}: its package would not require spanwright (requirements: {requirements}), though the project installs it. "
        "Name a component or architecture of spanwright in the config, or use `spacy package` itself."
    )
    S073 = (
        "{requirement}, installed from its wheel, finds other entities than {pipeline}. Run the 'package' step again."
    )
    S074 = (
        "{requirement} loads, but finds no entity in {n_texts} texts of {data}. Train for longer (training.max_steps), or look "
        "at metrics/evaluation.json."
    )
    S075 = "Outputs that project.yml declares do not exist: {paths}. Run `weasel run all`, or the steps that make them."
    S080 = "'{name}': no asset of project.yml has this in its path. There are: {known}."
    S081 = "project.yml: the asset {dest} has no sha256, so what is fetched could not be verified. Add `sha256: ...` to it."
    S082 = (
        "{dest}: not fetched from {url} ({reason}). Nothing that was there has changed. Check the network, and whether the file "
        "has moved or changed upstream."
    )
    S083 = "{path}: its generated parts are out of date. Run `make document` and commit the result."
    S084 = "`spacy debug data {config}` broke off; its output above says why. `weasel run check` may name the setting."
    S085 = "{config}: spaCy refuses this config: {reason}. Correct it and run the step again."
    S086 = (
        "gpu_id {gpu_id}: no such GPU ({reason}). Run 'python scripts/doctor.py' for the cause, or use -1 for the CPU."
    )

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
    S115 = "--lang {lang}: spaCy has no such language. Use a code from https://spacy.io/usage/models#languages, such as en."
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
    S125 = "{file}: row {line}: {columns} must be lists of one length. Check how the dataset was written."
    S126 = "{path}: datasets on disk are read with pyarrow. Install it: pip install pyarrow."
    S127 = "{file}: not readable as Arrow or Parquet: {reason}. Write it again with save_to_disk or to_parquet."
    S128 = "--split {split}: two or three whole per cents that add up to 100, such as 80/10/10 for train, dev and test."
    S129 = "{file}:{line}: half of a surrogate pair ({found}) in a text. Mend the text: it is no Unicode."

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

    # Faults of our own
    S199 = "{file}: the ledger does not balance ({accounts}). This is a fault of Spanwright: please report it with the file."

    # Encoder and optimizer
    S201 = "precision: '{found}' is not one of {allowed}. 'auto' takes bfloat16 where the device computes in it, else float32."
    S202 = "storage: '{found}' is not one of {allowed}."
    S203 = "The model has no weights yet. Call nlp.initialize(), or load the pipeline from disk."
    S204 = (
        "{source}: the weights do not belong to this architecture. Missing: {missing}. Unexpected: {unexpected}. Nothing is "
        "trained from random numbers in their place: check that config.json and the weights come from the same model."
    )
    S205 = (
        "{source}: weights have other shapes than config.json says: {names}. Check that both come from the same model."
    )
    S206 = (
        "{source}: weights hold NaN or infinity: {names}. The file is damaged or its training diverged; take another."
    )
    S207 = 'freeze: \'{found}\' is not allowed. Use "none", "all", "embeddings", or how many of the first layers to freeze.'
    S208 = 'freeze: the encoder has {n_layers} layers, so its first {found} cannot be frozen. Use 0 to {n_layers}, or "all".'
    S209 = "components.transformer.model.{setting}: {found} is out of range; allowed: {allowed}."
    S210 = "{setting}: {found} is out of range; allowed: {allowed}."
    S211 = (
        "Training diverged: the gradient of the {part} is not finite (learning rate {learn_rate:.2g}). The best pipeline so far "
        "is kept in model-best. Lower training.optimizer.learn_rate, lengthen its warm-up, or set precision to fp32."
    )
    S220 = "The saved encoder's model_type '{found}' is not an architecture of the transformers library. Nothing was loaded."
    S221 = "encoder '{name}': cannot be loaded ({reason}). Run scripts/fetch_encoder.py, or set paths.encoder to its folder."
    S222 = "transformer_config: a {kind} encoder has no field {names}. See its config.json for the fields there are."
    S223 = "encoder '{name}': has no fast tokenizer (tokenizer.json), the source of character offsets. Take another encoder."
    S224 = (
        "encoder '{name}': the tokenizer knows {n_pieces} word pieces, the encoder has vectors for {n_embeddings}. They do not "
        "belong together; take both from the same model."
    )

    # Entities
    S301 = "components.{setting}: {found} is not allowed; allowed: {allowed}."
    S302 = (
        "components.{name}: class_weights and label_smoothing weigh single words, but head = 'crf' is trained on "
        "whole sequences. Set model.head = 'linear', or leave both out."
    )
    S303 = (
        "components.{setting}: no such label: {found}. The labels are {allowed}. Mend the name, or check the training "
        "data."
    )
    S304 = (
        "{name}: nothing to learn from: the examples have no text or no entities. Check that paths.train holds "
        "annotated Docs, or name the labels in initialize.components.{name}.labels."
    )
    S305 = (
        "{name}: label '{found}' comes too late: the model is built for {labels}. Name all labels in "
        "initialize.components.{name}.labels and train anew."
    )
    S306 = (
        "A gold entity has the label '{found}', which the model was not built for; it knows {allowed}. Remove the "
        "label from the data, or add it to the labels of the component in [initialize.components] and train anew."
    )
    S307 = (
        "{name}: cannot be calibrated: it finds no entity in annotated text. Train it first, and give development data."
    )

    # Evaluation
    S601 = "{path}: holds no documents to evaluate on. Run the 'convert' step with a file that has some."
