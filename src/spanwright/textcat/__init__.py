"""`text_classifier` and `text_classifier_multilabel`: categories of whole texts of any length."""
