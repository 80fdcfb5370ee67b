"""Messages S000 to S99: files, settings, the preparation of a run and the steps of the project."""


class ProjectErrors:
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
        "vars.lang = '{lang}', but [nlp] lang in the config is '{config_lang}'. The steps take vars.lang. Set both to the same "
        "language."
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
    S064 = (
        "{path}: {count} of {total} entities begin or end inside of a word of the pipeline's tokenizer, the first is {example}."
        ' They can neither be learnt nor found. Cut there: [nlp.tokenizer] @tokenizers = "spanwright.Tokenizer.v1" with '
        "split = {split} in the config, or other marks."
    )
    S065 = (
        "{path}: {count} of {total} entities begin or end inside of a word of the pipeline's tokenizer, the first is {example}."
        " They can neither be learnt nor found. Annotate whole words, or set another [nlp.tokenizer] in the config."
    )
    S066 = "[nlp]: the language and its tokenizer cannot be set up ({reason}). Correct them, or install what they need."
    S067 = "[nlp.tokenizer] split: {found} is not allowed; it takes texts of one character or more, such as '@'."
    S068 = (
        "[nlp.tokenizer] spanwright.Tokenizer.v1 cuts marks off words between spaces, and '{lang}' has a tokenizer of its own "
        "({own}). Remove it from the config."
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
        "Training ended without an evaluation, so there is no model-best in {folder}. Set training.eval_frequency to at most "
        "training.max_steps."
    )
    S072 = (
        "{pipeline}: its package would not require spanwright (requirements: {requirements}), though the project installs it. "
        "Name a component or architecture of spanwright in the config, or use `spacy package` itself."
    )
    S073 = (
        "{requirement}, installed from its wheel, finds something else than {pipeline}. Run the 'package' step again."
    )
    S074 = (
        "{requirement} loads, but finds nothing in {n_texts} texts of {data}. Train for longer (epochs in "
        "[initialize.before_init] of the config), or look at metrics/evaluation.json."
    )
    S075 = "Outputs that project.yml declares do not exist: {paths}. Run `weasel run all`, or the steps that make them."
    S076 = (
        "--{setting} would change nothing: [initialize.before_init] of {config} sets it from the size of the training data. Give "
        "--initialize.before_init.epochs and --initialize.before_init.min_steps, or --initialize.before_init.evaluations."
    )
    S077 = (
        "override --{key} {found}: weasel takes it for a number, and writes it {value}. Give it as a text: "
        "--{key} '\"{found}\"'."
    )
    S078 = (
        "override --{key}: `weasel run {command}` does not use it; it is for the embedded data. `weasel run all` takes "
        "your files; --vars.config names the task, such as configs/textcat.cfg or configs/qa.cfg."
    )
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
    S087 = "{path}: vars.version is the number {value}, which YAML makes of 1.10 as of 1.1. Put it in quotes."
