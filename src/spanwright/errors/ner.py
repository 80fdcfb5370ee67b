"""Messages S300 to S399: entities."""


class NerErrors:
    S302 = (
        "components.{name}: class_weights and label_smoothing weigh single words, but head = 'crf' is trained on "
        "whole sequences. Set model.head = 'linear', or leave both out."
    )
    S306 = (
        "A gold entity has the label '{found}', which the model was not built for; it knows {allowed}. Remove the "
        "label from the data, or add it to the labels of the component in [initialize.components] and train anew."
    )
    S307 = (
        "{name}: cannot be calibrated: it finds no entity in annotated text. Train it first, and give development data."
    )
