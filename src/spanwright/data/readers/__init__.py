"""Readers: one module per family of formats, each yielding checked records in the order of the file."""
