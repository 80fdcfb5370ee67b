"""Messages S500 to S599: categories."""


class TextcatErrors:
    pass
