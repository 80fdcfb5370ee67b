"""Messages S300 to S399: entities."""


class NerErrors:
    S301 = "components.{setting}: {found} is not allowed; allowed: {allowed}."
    S302 = (
        "components.{name}: class_weights and label_smoothing weigh single words, but head = 'crf' is trained on "
        "whole sequences. Set model.head = 'linear', or leave both out."
    )
    S303 = (
        "components.{setting}: no such label: {found}. The labels are {allowed}. Mend the name, or check the training "
        "data."
    )
    S304 = (
        "{name}: nothing to learn from: the examples have no text or no entities. Check that paths.train holds "
        "annotated Docs, or name the labels in initialize.components.{name}.labels."
    )
    S305 = (
        "{name}: label '{found}' comes too late: the model is built for {labels}. Name all labels in "
        "initialize.components.{name}.labels and train anew."
    )
    S306 = (
        "A gold entity has the label '{found}', which the model was not built for; it knows {allowed}. Remove the "
        "label from the data, or add it to the labels of the component in [initialize.components] and train anew."
    )
    S307 = (
        "{name}: cannot be calibrated: it finds no entity in annotated text. Train it first, and give development data."
    )
