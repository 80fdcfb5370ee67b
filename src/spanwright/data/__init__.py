"""Annotation files become records, checked and repaired, and then spaCy's DocBins, with a ledger that balances."""
