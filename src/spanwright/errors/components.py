"""Messages S280 to S299: what components share, their labels and the settings about them."""


class ComponentErrors:
    S280 = "components.{setting}: {found} is not allowed; allowed: {allowed}."
    S281 = (
        "components.{setting}: no such label: {found}. The labels are {allowed}. Mend the name, or check the training "
        "data."
    )
    S282 = (
        "{name}: label '{found}' comes too late: the model is built for {labels}. Name all labels in "
        "initialize.components.{name}.labels and train anew."
    )
    S283 = (
        "{name}: nothing to learn from: the examples have no text or no {kind}. Check that paths.train holds Docs with "
        "{kind}, or name the labels in initialize.components.{name}.labels."
    )
