"""``geotagger tag``: predicts and writes the positions that are sure enough."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geotagger.cli.output import emit, emit_json, finish, say
from geotagger.cli.predict import Context, DeviceOption, Gpx, Json, NoContext, Paths, predict_paths
from geotagger.core.coordinates import format_position, format_radius
from geotagger.core.errors import GeotaggerError, PhotoError
from geotagger.core.settings import load_settings
from geotagger.core.write_policy import Overwrite, SidecarMode, WritePolicy
from geotagger.metadata import Journal, WriteTarget, open_journal, plan_write, write_fix
from geotagger.session.photo import fix_from_prediction, source_of

if TYPE_CHECKING:
    from geotagger.session.pipeline import PhotoResult


@dataclass(frozen=True, slots=True)
class _Report:
    state: str
    sentence: str
    is_failure: bool = False


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
        Path | None, typer.Option(help="Folder for a copy of each original.", show_default=False)
    ] = None,
    device: DeviceOption = None,
    no_context: NoContext = False,
    gpx: Gpx = None,
    json: Json = False,
) -> None:
    """Predict, and write the accepted positions. Without --write it only says what it would do."""
    context = Context.of(no_context, gpx)
    policy = WritePolicy(overwrite=overwrite, sidecar=sidecar, backup_dir=backup)
    threshold = load_settings().accept_threshold if min_probability is None else min_probability
    failures = 0
    try:
        journal = open_journal() if write else None
        run_id = journal.begin_run("tag") if journal else None
        for result in predict_paths(paths, device, context):
            report = _tag_one(result, policy, threshold, max_radius_km, journal, run_id)
            failures += report.is_failure
            if json:
                emit_json(_as_json(result, report))
            else:
                emit(f"{result.path}: {report.sentence}")
    except GeotaggerError as error:
        say(str(error))
        raise typer.Exit(2) from error
    finish(failures)


def _tag_one(
    result: PhotoResult,
    policy: WritePolicy,
    threshold: float,
    max_radius_km: float | None,
    journal: Journal | None,
    run_id: int | None,
) -> _Report:
    prediction = result.prediction
    if prediction is None or result.metadata is None:
        return _Report("failed", result.error or "It could not be read.", is_failure=True)
    best = prediction.best
    guess = f"{best.name} {best.probability:.0%}, {format_position(prediction.position)} {format_radius(prediction.radius_km)}"
    if best.probability < threshold:
        return _Report("unsure", f"left alone, {guess} is under {threshold:.0%}")
    if max_radius_km is not None and prediction.radius_km > max_radius_km:
        return _Report("unsure", f"left alone, {guess} is wider than {max_radius_km:g} km")
    fix = fix_from_prediction(prediction, source_of(prediction))
    try:
        if journal is None or run_id is None:
            plan = plan_write(result.metadata, fix, policy)
            if plan.target is WriteTarget.KEPT:
                return _Report("kept", plan.reason or "it already has a position")
            return _Report("would-write", f"would write {guess} into the {plan.target.value}")
        outcome = write_fix(result.path, fix, policy, journal, run_id, expected=result.metadata.identity)
    except PhotoError as error:
        return _Report("failed", error.reason, is_failure=True)
    if outcome.target is WriteTarget.KEPT:
        return _Report("kept", outcome.note or "it already has a position")
    return _Report("written", f"wrote {guess} into {outcome.written_to}")


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
