"""Messages S600 to S699: evaluation, reports and logs."""


class EvaluationErrors:
    S601 = "{path}: holds no documents to evaluate on. Run the 'convert' step with a file that has some."
