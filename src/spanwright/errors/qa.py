"""Messages S400 to S499: questions and answers."""


class QaErrors:
    pass
