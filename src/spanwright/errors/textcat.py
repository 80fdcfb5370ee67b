"""Messages S500 to S599: categories."""


class TextcatErrors:
    S504 = (
        "{name}: its labels exclude each other, but a text has {found}: '{text}'. Keep one of them, name this "
        "component's own labels in initialize.components.{name}.labels, or use text_classifier_multilabel."
    )
    S505 = "{name}: the category '{label}' has the value {found} in '{text}'; allowed: 1 (yes) and 0 (no)."
    S507 = (
        "components.{name}.model: found an architecture that does not score whole texts. Use "
        "spanwright.TextClassifier.v1; its tok2vec may be any."
    )
    S508 = (
        "{name}: cannot be calibrated: no text of the development data has a word and one of its labels ({labels}). "
        "Give annotated development data."
    )
    S520 = (
        "{name}: all {n_texts} texts with a category have the one label '{label}': the model will say nothing else. Add texts "
        "of another label."
    )
    S521 = (
        "{name}: no choice to learn for {labels}. Add texts with and without each, or leave these labels out of the "
        "training data."
    )
    S522 = (
        "{name}: unbalanced labels: {labels}; '{most}' has {n_most} of {n_texts} texts. Consider "
        'class_weights = "balanced", and judge by macro F1.'
    )
    S523 = "{name}: {n_unlabelled} of {n_texts} texts have no word or none of its labels, and teach it nothing."
    S524 = (
        "{name}: {labels}: the development data has no texts both with and without it, so its threshold stays as "
        "set. Add such texts to the development data."
    )

    # Evaluation
    S540 = (
        "Text {text}: the gold category '{label}' is {found}; allowed: 1 (yes), 0 (no), or left out ({count} values are not). "
        "Mend the data."
    )
    S541 = (
        "Text {text}: the score of '{label}' is {found}; allowed: 0 to 1 ({count} values are not; nan = the pipeline gave none). "
        "Check that the component for it is in the pipeline and gives probabilities."
    )
    S542 = (
        "Text {text} has several of labels that exclude each other: {found} ({count} such texts). Keep one of them, or evaluate "
        "with a pipeline whose labels do not exclude each other."
    )
