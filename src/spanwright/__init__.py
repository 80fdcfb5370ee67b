"""Fine-tune a BERT-like transformer into a spaCy pipeline."""

from importlib.metadata import version

__version__ = version("spanwright")
