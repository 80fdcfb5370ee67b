"""Would more annotation help? Trainings on growing parts of the data, and what they foretell."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import srsly
from spacy.tokens import Doc, DocBin
from thinc.api import Config

from spanwright.data.exporting.docs import read_docs
from spanwright.errors import Errors, SpanwrightError
from spanwright.evaluation.power_law import N_PARAMETERS, fit_curves, resample
from spanwright.evaluation.report.charts import growth
from spanwright.evaluation.report.content import Section
from spanwright.evaluation.report.svg import write_pngs
from spanwright.files import atomic_file
from spanwright.preflight.run import read_config
from spanwright.project import training
from spanwright.types import Doubles1d

PERCENTS = (10, 25, 50, 75, 100)
POINTS = "points.json"
INTERVAL = (2.5, 97.5)  # percentiles
N_CURVE = 40
WORTHWHILE = 0.5  # in points of a score; a smaller gain is taken for none


class Trainer(Protocol):
    """Trains a pipeline and returns the folder of the best one, as `spanwright.project.training.train` does."""

    def __call__(self, config: Path, output: Path, *, gpu_id: int, overrides: Sequence[str]) -> Path: ...


@dataclass(frozen=True)
class Run:
    """A training on the first `documents` of the data in the order that `seed` gives."""

    seed: int
    percent: int
    documents: int


@dataclass(frozen=True)
class Point:
    """A finished run; `score` is that of `scores` which `training.score_weights` gives the most weight, from 0 to 1."""

    run: Run
    metric: str
    score: float
    scores: dict[str, float]
    seconds: float


def plan_runs(n_documents: int, *, percents: Sequence[int], seeds: Sequence[int]) -> list[Run]:
    """Return the runs, the small ones first. Raises SpanwrightError for a percentage out of range."""
    if wrong := [percent for percent in percents if not 1 <= percent <= 100]:
        raise SpanwrightError(Errors.S660.format(found=wrong[0]))
    sizes = [(percent, max(1, round(n_documents * percent / 100))) for percent in sorted(set(percents))]
    return [Run(seed, percent, size) for percent, size in sizes for seed in seeds]


def train_parts(
    config: Path,
    train: Path,
    dev: Path,
    folder: Path,
    *,
    percents: Sequence[int] = PERCENTS,
    seeds: Sequence[int] = (0,),
    encoder: Path | None = None,
    gpu_id: int = -1,
    overrides: Sequence[str] = (),
    trainer: Trainer = training.train,
    announce: Callable[[Run, int, int], None] = lambda run, number, total: None,
) -> Iterator[Point]:
    """Train on parts of the corpus `train`, and yield a point for each.

    Each point is in `folder` before the next training begins; what it holds from an earlier call is not trained again. The
    parts of one seed are nested: a larger one holds the smaller ones. The trained pipelines are not kept.

    encoder: the folder or id of the pretrained encoder, for the config's paths.encoder. None = as the config says.
    announce: called before each training, with its number and that of all.

    Raises SpanwrightError for a config or corpus that cannot be read or is empty, when the points in `folder` come from other
    data or settings, and when a training fails.
    """
    settings = read_config(config)
    docs = list(read_docs(train))
    for corpus, is_empty in ((train, not docs), (dev, next(read_docs(dev), None) is None)):
        if is_empty:
            raise SpanwrightError(Errors.S601.format(path=corpus))
    runs = plan_runs(len(docs), percents=percents, seeds=seeds)
    overrides = [*(["--paths.encoder", str(encoder)] if encoder else []), *overrides]
    inputs = _fingerprint([config, train, dev, *([encoder] if encoder else [])], overrides)
    done = _read_points(folder / POINTS, inputs)
    work = folder / "unfinished"

    fixed = [*overrides, *_move_logs(settings, work), "--paths.dev", str(dev)]

    def start(own: list[str]) -> Path:
        return trainer(config, work, gpu_id=gpu_id, overrides=[*fixed, *own])

    for number, run in enumerate(runs, start=1):
        if run not in done:
            announce(run, number, len(runs))
            done[run] = _train_part(run, docs, work, start=start)
            with atomic_file(folder / POINTS) as partial:
                srsly.write_json(partial, {"inputs": inputs, "points": [asdict(point) for point in done.values()]})
        yield done[run]


def nested_part(docs: Sequence[Doc], run: Run) -> list[Doc]:
    """Return the run's part of `docs`."""
    order = np.random.default_rng(run.seed).permutation(len(docs))
    return [docs[i] for i in order[: run.documents]]


def summarise(points: Sequence[Point]) -> dict[str, Any]:
    """Return the points, a curve through them with its uncertainty, and what twice the data would give.

    Scores are from 0 to 1. `low` and `high` bound 95 % of what noise of seeds and parts would have led to; they know nothing of
    the noise of the development data, which all trainings share. `fit` is None for too few points.
    """
    sizes = np.array([point.run.documents for point in points], dtype=np.float64)
    scores = np.array([point.score for point in points])
    is_enough = len(points) > N_PARAMETERS and len(set(sizes)) >= N_PARAMETERS
    report = {
        "metric": points[0].metric,
        "points": [{**asdict(point.run), "score": point.score, "seconds": point.seconds} for point in points],
        "fit": _describe(sizes, scores) if is_enough else None,
    }
    return {**report, "answer": answer(report)}


def answer(report: dict[str, Any]) -> str:
    """Say in words what twice the data would give."""
    if report["fit"] is None:
        return "Too few points for a forecast: it takes three sizes of the data and four trainings."
    gain = report["fit"]["gain"]
    points, margin = 100 * gain["score"], 100 * (gain["high"] - gain["low"]) / 2
    if points - margin >= WORTHWHILE:
        verdict = "More annotation would help."
    elif points + margin < WORTHWHILE:
        verdict = "More of the same data would hardly help."
    else:
        verdict = "Whether more annotation would help is not settled: try more seeds."
    data = f"Twice the data ({gain['documents']:,} documents)"
    return f"{data} would give about {points:+.1f} ± {margin:.1f} points of {report['metric']}. {verdict}"


def draw(report: dict[str, Any], folder: Path) -> Path:
    """Draw what `summarise` returned to a PNG in `folder`. Raises SpanwrightError where matplotlib is not installed."""
    title = f"{report['metric']} by size of the training data"
    curve = report["fit"]["curve"] if report["fit"] is not None else []
    band = [(row["documents"], row["score"], row["low"], row["high"]) for row in curve]
    chart = growth("learning_curve", title, [(point["documents"], point["score"]) for point in report["points"]], band)
    [path] = write_pngs([Section("learning-curve", title, [chart])], folder)
    return path


def _train_part(run: Run, docs: Sequence[Doc], work: Path, *, start: Callable[[list[str]], Path]) -> Point:
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    part = work / "train.spacy"
    DocBin(docs=nested_part(docs, run), store_user_data=True).to_disk(part)
    begun = time.perf_counter()
    pipeline = start(["--paths.train", str(part), "--system.seed", str(run.seed)])
    point = _read_point(run, pipeline, seconds=time.perf_counter() - begun)
    shutil.rmtree(work)
    return point


def _move_logs(settings: Config, folder: Path) -> Iterator[str]:
    """Yield overrides that keep the logs of these trainings away from that of the project's training."""
    logger, place = settings.get("training", {}).get("logger"), "training.logger"
    while isinstance(logger, dict):
        for name in ("path", "folder"):  # of our loggers
            if name in logger:
                yield from (f"--{place}.{name}", str(folder / "log" / name))
        logger, place = logger.get("console"), f"{place}.console"


def _read_point(run: Run, pipeline: Path, *, seconds: float) -> Point:
    weights = Config().from_disk(pipeline / "config.cfg", interpolate=False)["training"]["score_weights"]
    metric = max((name for name in weights if weights[name]), key=weights.get, default=None)
    performance = srsly.read_json(pipeline / "meta.json")["performance"]
    scores = {name: float(score) for name, score in performance.items() if isinstance(score, float | int)}
    if metric is None or metric not in scores:
        raise SpanwrightError(Errors.S661.format(pipeline=pipeline, metric=metric))
    return Point(run, metric, scores[metric], scores, round(seconds, 1))


def _describe(sizes: Doubles1d, scores: Doubles1d) -> dict[str, Any]:
    shares = sizes / sizes.max()
    fit = fit_curves(shares, scores[None])
    samples = resample(fit, shares, scores)
    grid = np.geomspace(shares.min(), 2.0, N_CURVE)
    low, high = np.percentile(samples.at(grid), INTERVAL, axis=0)
    ends = np.array([1.0, 2.0])
    gain_low, gain_high = np.percentile(np.diff(samples.at(ends)), INTERVAL)
    curve = np.stack([grid * sizes.max(), *np.clip([fit.at(grid)[0], low, high], 0, 1)], axis=1).tolist()
    return {
        "ceiling": float(fit.ceiling[0]),
        "scale": float(fit.scale[0]),
        "exponent": float(fit.exponent[0]),
        "gain": {
            "documents": int(2 * sizes.max()),
            "score": float(np.diff(fit.at(ends))[0, 0]),
            "low": float(gain_low),
            "high": float(gain_high),
        },
        "curve": [dict(zip(("documents", "score", "low", "high"), row, strict=True)) for row in curve],
    }


def _read_points(path: Path, inputs: str) -> dict[Run, Point]:
    if not path.exists():
        return {}
    try:
        content = srsly.read_json(path)
        points = [Point(**{**fields, "run": Run(**fields["run"])}) for fields in content["points"]]
        is_of_inputs = content["inputs"] == inputs
    except (ValueError, KeyError, TypeError) as error:
        raise SpanwrightError(Errors.S663.format(path=path, reason=repr(error))) from error
    if not is_of_inputs:
        raise SpanwrightError(Errors.S662.format(path=path))
    return {point.run: point for point in points}


def _fingerprint(paths: Sequence[Path], overrides: Sequence[str]) -> str:
    digest = hashlib.sha256("\0".join(overrides).encode())
    for path in paths:
        for file in sorted(filter(Path.is_file, path.rglob("*"))) if path.is_dir() else [path]:
            if file.exists():  # an encoder's may be an id of the hub
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
