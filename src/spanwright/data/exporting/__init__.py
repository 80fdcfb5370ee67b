"""Annotated Docs back to files: rows of tokens and tags, JSON for annotation tools, CSV, and SQuAD."""
