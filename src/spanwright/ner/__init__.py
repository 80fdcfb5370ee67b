"""`bio_ner`: entities by classifying tokens, with constrained decoding and a confidence for each entity."""
