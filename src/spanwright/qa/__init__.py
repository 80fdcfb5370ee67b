"""`extractive_qa`: questions answered with parts of a text."""
