"""Labelled texts for small classifiers."""

# spaces, slashes and emoji are ordinary characters of a label
SAD, GLAD = "not so good/bad", "good 😀"
EXCLUSIVE = [
    ("a dull and boring film", {SAD: 1.0, GLAD: 0.0}),
    ("lovely songs , lovely dancing", {SAD: 0.0, GLAD: 1.0}),
    ("boring from start to end", {SAD: 1.0}),
    ("what a lovely end", {GLAD: 1.0}),
]
MULTILABEL = [
    ("a dull and boring film", {SAD: 1.0, GLAD: 0.0, "film": 1.0}),
    ("lovely songs , lovely dancing", {SAD: 0.0, GLAD: 1.0, "film": 0.0}),
    ("boring from start to end", {SAD: 1.0, GLAD: 0.0, "film": 0.0}),
    ("what a lovely film", {SAD: 0.0, GLAD: 1.0, "film": 1.0}),
    ("a table", {SAD: 0.0, GLAD: 0.0, "film": 0.0}),
]
BOTH = [("text_classifier", EXCLUSIVE), ("text_classifier_multilabel", MULTILABEL)]
