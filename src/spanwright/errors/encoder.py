"""Messages S200 to S279: the encoder and the optimizer."""


class EncoderErrors:
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
    S210 = "{setting}: {found} is out of range; allowed: {allowed}."
    S211 = (
        "Training diverged: the gradient of the {part} is not finite (learning rate {learn_rate:.2g}). The best pipeline so far "
        "is kept in model-best. Lower training.optimizer.learn_rate, lengthen its warm-up, or set precision to fp32."
    )
    S212 = "storage = '{storage}' cannot hold the weights {names}: they are too large for it. Set storage to bfloat16 or float32."
    S213 = (
        "Tokens without word pieces: {n} in one batch, such as {example!r}. The encoder cannot see them; they take the vector "
        "of what stands before them. Further ones are not reported."
    )
    S214 = "{corpus}: holds nothing to train on. Check that paths.train holds annotated Docs."
    S215 = (
        "{source}: its weights are damaged, or another version of Spanwright wrote them. Take the original files, or train "
        "again."
    )
    S220 = (
        "The encoder's model_type '{found}' is not an architecture of the transformers library that gives the pieces of a text "
        "their vectors. Nothing was loaded; name an encoder such as bert, roberta, distilbert, deberta-v2 or modernbert."
    )
    S221 = "encoder '{name}': cannot be loaded ({reason}). Run scripts/fetch_encoder.py, or set paths.encoder to its folder."
    S222 = "transformer_config: a {kind} encoder has no field {names}. See its config.json for the fields there are."
    S223 = "encoder '{name}': has no fast tokenizer (tokenizer.json), the source of character offsets. Take another encoder."
    S224 = (
        "encoder '{name}': the tokenizer has a word piece with the id {largest}, the encoder has vectors for {n_embeddings}, the "
        "first of which has the id 0. They do not belong together; take both from the same model."
    )
