"""What is checked before training: configs, variables, corpora, the encoder and the disk."""
