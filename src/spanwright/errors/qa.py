"""Messages S400 to S499: questions and answers."""


class QaErrors:
    S402 = "{place}: {found} is no question. Ask with a text that is not empty."
    S403 = (
        "The question '{question}...' has {n_pieces} word pieces. Windows of {window} pieces leave {allowed} to a question, so "
        "that as many show the context. Shorten it, or raise components.{name}.model.window where the encoder allows more."
    )
    S404 = (
        "{name}: nothing to learn from: no example has a question. Check that paths.train holds questions (scripts/convert.py "
        "--task qa), and that [corpora.train] has @readers = spanwright.QACorpus.v1."
    )
    S405 = (
        "doc._.ask: no pipeline with 'extractive_qa' is loaded whose vocab this Doc shares. Make the Doc with that pipeline, or "
        "give its text to ask_many."
    )
    S406 = "{path}: Doc {number} has no question in doc._.question. Convert the data with scripts/convert.py --task qa."
    S407 = (
        "{name}: cannot be calibrated: no example has a question. Give development data with questions, read by "
        "spanwright.QACorpus.v1."
    )
    S408 = "{place}: half of a surrogate pair, at the end of {found}. Mend the text: it is no Unicode."
    S409 = "spanwright.QACorpus.v1: path is null. Give --paths.train and --paths.dev, as scripts/convert.py --task qa makes them."
    S410 = "ask_many: {argument} = {found} is not allowed; allowed: whole numbers from 1 on."
    S411 = "ask_many: {found} is not allowed; allowed: pairs of a question and its context, which is a text or a Doc."

    # Scores and pictures of answers
    S440 = (
        "Golds, predictions and what goes with them must be told for the same questions, but their numbers differ: {lengths}. "
        "Give one of each per question."
    )
    S441 = "Pictures of answers need matplotlib, which is not installed. Install it: pip install 'spanwright[plots]'."
    S442 = "{path}: no kind of picture ends in '{found}'; allowed: {allowed}. Name a file with one of these."
    S443 = "{path}: nothing to draw: the context of the question {question!r} has no words. Ask about a text that has some."

    # Importing checkpoints
    S460 = (
        "{folder}: cannot be loaded as a checkpoint ({reason}). It must be a folder or hub id with config.json, tokenizer.json, "
        "and model.safetensors; pickled weights are not read."
    )
    S461 = (
        "{folder}: not a whole {kind}: its weights lack {missing}. Nothing is imported with random numbers in their place: name "
        "a checkpoint that was fine-tuned for this task."
    )
    S462 = (
        "{folder}: {kind} has no linear layer '{layer}' as wide as the encoder, so its head is of a form not known here. Known "
        "are those of BERT, DistilBERT, RoBERTa, ELECTRA, ALBERT and DeBERTa."
    )
    S463 = (
        "{folder}: the pipeline's logits differ from the checkpoint's by up to {difference}, so it would find other things. "
        "Please report the checkpoint; nothing was written."
    )
    S464 = (
        "The checkpoint's labels are no tags of entities: {reason} (found: {found}). Allowed: O, and B- and I- for each label, "
        "perhaps with E- (or L-) and S- (or U-)."
    )
    S465 = "{folder}: the classification head of the architecture '{found}' is not known here; known are {allowed}."
    S466 = (
        "{folder}: not a classifier but a model that gives numbers (problem_type {problem}, labels: {n_labels}). Categories need "
        "a checkpoint with two labels or more."
    )
    S468 = (
        "{folder}: two labels of the checkpoint have the same name: {found}. Rename one in id2label of its config.json."
    )
    S469 = (
        "{folder}: begins entities with I- in a sentence of trial, as checkpoints trained on IOB1 tags do. Here they begin with "
        "B-, so that it may miss some, above all those of one word: score it on annotated texts before you rely on it."
    )
    S467 = "{path}: exists already. Name another output folder, or give --force to replace it."
