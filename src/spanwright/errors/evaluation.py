"""Messages S600 to S699: evaluation, reports and logs."""


class EvaluationErrors:
    S601 = "{path}: holds no documents to evaluate on. Run the 'convert' step with a file that has some."
    S602 = "{path}: nothing in it that the pipeline could be scored on: {reasons}. Evaluate on data of the pipeline's own task."
    S603 = "{path}: cannot be loaded as a pipeline ({reason}). Name the folder of a trained one, such as training/model-best."
    S604 = "{path}: no task that both pipelines do (A: {a}; B: {b}). Compare pipelines of the same task."
    S605 = "{component}: the pipelines decide about different categories: {labels}. Compare pipelines with the same labels."
    S606 = (
        "{path}: no text has a question, and '{component}' has none in its settings, so there would be nothing to measure. "
        "Name a corpus of questions, such as scripts/convert.py --task qa writes."
    )

    S607 = (
        "{path}: {task} is scored on {a} documents by A and on {b} by B, whose other components know other labels. Compare "
        "pipelines with the same classifiers."
    )

    # Reports
    S630 = "{place}: no JSON ({reason}). Write the file again with the script that made it."
    S631 = (
        "{path}: no metrics that a report can be made from: its schema should be '{schema}', found {found!r}. "
        "Write them with scripts/evaluate.py."
    )
    S632 = "Charts need matplotlib, which is not installed. Run: pip install 'spanwright[project]'"
    S633 = "{place}: not what a report reads here: it lacks {missing}. Name the file that the script for it wrote."
    S634 = (
        "{path}: these errors are of another evaluation: it holds {found}, {metrics} counts {counted}. "
        "Run scripts/evaluate.py again, with --errors {path}."
    )

    # Logs
    S650 = "spanwright.TensorBoardLogger.v1 needs tensorboard, which is not installed. Run: pip install 'spanwright[tensorboard]'"
    S651 = "{place}: no record of a training log ({reason}). Remove the line, or train again."

    # Learning curves
    S660 = "--percents: {found} is out of range; allowed: whole numbers from 1 to 100, such as 10,25,50,75,100."
    S661 = (
        "{pipeline}: meta.json has no number for the score '{metric}'. Give a score of the pipeline weight in "
        "[training.score_weights], and train again."
    )
    S662 = "{path}: comes from other data or settings. Choose another --folder, or delete it to begin anew."
    S663 = "{path}: damaged ({reason}). Choose another --folder, or delete it to begin anew."
