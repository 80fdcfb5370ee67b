"""Pretrained encoders: where they come from, and how a pipeline runs and trains them."""
