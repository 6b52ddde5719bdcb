"""``geotagger tag``: predicts and writes the positions that are sure enough."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from geotagger.cli.output import emit, emit_json, finish, journalled, say
from geotagger.cli.predict import (
    ClockOffsets,
    Context,
    DeviceOption,
    FolderHints,
    Gpx,
    Hints,
    Json,
    NoContext,
    Paths,
    predict_paths,
)
from geotagger.core.coordinates import format_position, format_radius
from geotagger.core.errors import GeotaggerError, PhotoError
from geotagger.core.settings import load_settings
from geotagger.core.write_policy import Overwrite, SidecarMode, WritePolicy
from geotagger.metadata import (
    Journal,
    WriteOutcome,
    WriteRequest,
    WriteTarget,
    plan_write,
    write_fixes,
)
from geotagger.session.photo import fix_from_prediction, source_of

if TYPE_CHECKING:
    from geotagger.core.prediction import Prediction
    from geotagger.session.pipeline import PhotoResult

_WRITTEN_TOGETHER = 16
"""So many predictions are waited for before their photos are written together."""


@dataclass(frozen=True, slots=True)
class _Report:
    state: str
    sentence: str
    is_failure: bool = False


_Judged: TypeAlias = "tuple[PhotoResult, _Report | WriteRequest]"


def command(
    paths: Paths,
    write: Annotated[
        bool, typer.Option("--write", help="Write; without it, only say what would be done.")
    ] = False,
    min_probability: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Least probability of the best region; the settings decide if left out.",
            show_default=False,
        ),
    ] = None,
    max_radius_km: Annotated[
        float | None, typer.Option(min=0, help="Largest 80 % radius in kilometres.", show_default=False)
    ] = None,
    overwrite: Annotated[Overwrite, typer.Option(help="Which positions may be replaced.")] = Overwrite.NEVER,
    sidecar: Annotated[SidecarMode, typer.Option(help="Write XMP sidecars.")] = SidecarMode.AUTO,
    backup: Annotated[
        Path | None,
        typer.Option(help="Folder for a copy of each original.", file_okay=False, show_default=False),
    ] = None,
    device: DeviceOption = None,
    no_context: NoContext = False,
    gpx: Gpx = None,
    hint: Hints = None,
    folder_hints: FolderHints = False,
    clock_offset: ClockOffsets = None,
    json: Json = False,
) -> None:
    """Predict, and write the accepted positions. Without --write it only says what it would do."""
    context = Context.of(no_context, gpx, hint, folder_hints, clock_offset)
    if backup is not None and any(_lies_in(backup, path) for path in paths):
        raise typer.BadParameter(
            "The folder for copies lies among the photos, and the copies would be taken for photos next time.",
            param_hint="--backup",
        )
    if backup is not None and any(_lies_in(path, backup) for path in paths):
        raise typer.BadParameter(
            "Photos within the folder for copies are taken for copies, which are left as they are.",
            param_hint="--backup",
        )
    for name, number in (("--min-probability", min_probability), ("--max-radius-km", max_radius_km)):
        if number is not None and math.isnan(number):
            raise typer.BadParameter("It is no number, and nothing is less or more than it.", param_hint=name)
    policy = WritePolicy(overwrite=overwrite, sidecar=sidecar, backup_dir=backup)
    threshold = load_settings().accept_threshold if min_probability is None else min_probability
    if max_radius_km is None:
        max_radius_km = math.inf
    failures = 0
    try:
        results = predict_paths(paths, device, context)
        judged = ((result, _judge(result, threshold, max_radius_km)) for result in results)
        with journalled("tag") if write else nullcontext() as run:
            reports = _planned(judged, policy) if run is None else _written(judged, policy, *run)
            for result, report in reports:
                failures += report.is_failure
                if json:
                    emit_json(_as_json(result, report))
                else:
                    (say if report.is_failure else emit)(f"{result.path}: {report.sentence}")
    except GeotaggerError as error:
        say(str(error))
        raise typer.Exit(2) from error
    finish(failures)


def _lies_in(inner: Path, outer: Path) -> bool:
    return Path(os.path.realpath(inner)).is_relative_to(os.path.realpath(outer))


def _judge(result: PhotoResult, threshold: float, max_radius_km: float) -> _Report | WriteRequest:
    """What to write, or the report of a photo that is left alone."""
    prediction = result.prediction
    if prediction is None or result.metadata is None:
        return _Report("failed", result.error or "It could not be read.", is_failure=True)
    if prediction.best.probability < threshold:
        return _Report("unsure", f"left alone, {_guess(prediction)} is under {threshold:.0%}")
    if prediction.radius_km > max_radius_km:
        return _Report("unsure", f"left alone, {_guess(prediction)} is wider than {max_radius_km:g} km")
    fix = fix_from_prediction(prediction, source_of(prediction))
    return WriteRequest(result.path, fix, result.metadata.identity)


def _guess(prediction: Prediction | None) -> str:
    if prediction is None:
        return ""
    best = prediction.best
    return f"{best.name} {best.probability:.0%}, {format_position(prediction.position)} {format_radius(prediction.radius_km)}"


def _planned(judged: Iterable[_Judged], policy: WritePolicy) -> Iterator[tuple[PhotoResult, _Report]]:
    """What writing would do."""
    for result, verdict in judged:
        if isinstance(verdict, _Report):
            yield result, verdict
            continue
        try:
            plan = plan_write(verdict.path, verdict.fix, policy)
        except PhotoError as error:
            yield result, _Report("failed", error.reason, is_failure=True)
            continue
        if plan.target is WriteTarget.KEPT:
            yield result, _Report("kept", plan.reason or "it already has a position")
        else:
            why = f" ({plan.reason})" if plan.reason else ""
            sentence = f"would write {_guess(result.prediction)} into the {plan.target.value}{why}"
            yield result, _Report("would-write", sentence)


def _written(
    judged: Iterable[_Judged], policy: WritePolicy, journal: Journal, run_id: int
) -> Iterator[tuple[PhotoResult, _Report]]:
    """Write, many photos at once, in the order of the predictions."""
    judged = iter(judged)
    while group := list(islice(judged, _WRITTEN_TOGETHER)):
        requests = [verdict for _, verdict in group if isinstance(verdict, WriteRequest)]
        outcomes = write_fixes(requests, policy, journal, run_id)
        for result, verdict in group:
            report = verdict if isinstance(verdict, _Report) else _outcome(result, next(outcomes)[1])
            yield result, report


def _outcome(result: PhotoResult, outcome: WriteOutcome | Exception) -> _Report:
    if isinstance(outcome, PhotoError):
        return _Report("failed", outcome.reason, is_failure=True)
    if isinstance(outcome, Exception):
        raise outcome
    if outcome.target is WriteTarget.KEPT:
        return _Report("kept", outcome.note or "it already has a position")
    note = f" ({outcome.note})" if outcome.note else ""
    return _Report("written", f"wrote {_guess(result.prediction)} into {outcome.written_to}{note}")


def _as_json(result: PhotoResult, report: _Report) -> dict[str, Any]:
    line: dict[str, Any] = {"path": str(result.path), "state": report.state}
    if report.is_failure:
        return line | {"error": report.sentence}
    if result.prediction:
        line["region"] = result.prediction.best.code
        line["probability"] = result.prediction.best.probability
        line["position"] = {
            "lat": round(result.prediction.position.lat_deg, 5),
            "lon": round(result.prediction.position.lon_deg, 5),
        }
        line["radius_km"] = round(result.prediction.radius_km, 1)
    return line | {"note": report.sentence}
