"""``geotagger predict``: says where photos were probably taken, and writes nothing into them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geotagger.cli.output import emit, emit_json, find_photos, finish, say, say_damaged, with_progress
from geotagger.core.coordinates import format_position, format_radius
from geotagger.core.errors import GeotaggerError
from geotagger.core.regions import load_regions
from geotagger.core.settings import Device, load_settings, model_folder
from geotagger.evidence.words import point_words
from geotagger.session.exports import check_export_name, export_row, write_export
from geotagger.session.sources import ANY_ROLL, OffsetError, parse_offset

if TYPE_CHECKING:
    from geotagger.core.prediction import Prediction
    from geotagger.evidence.hints import Hint
    from geotagger.evidence.tracks import Track
    from geotagger.inference import Predictor
    from geotagger.session.context import ClockUse
    from geotagger.session.pipeline import PhotoResult


def _named(text: str) -> Path:
    """A path as it was given; whether it can be read is another question, because the others are done all the same.

    An empty one, as an unset variable of a script leaves it, would be the folder that the program happens to run in.
    """
    if not text:
        raise typer.BadParameter("An empty name is no photo and no folder.")
    return Path(text)


Paths = Annotated[
    list[Path],
    typer.Argument(metavar="PATH", help="Photos and folders.", show_default=False, parser=_named),
]
DeviceOption = Annotated[
    Device | None,
    typer.Option(help="Where the network runs; the settings decide if left out.", show_default=False),
]
NoContext = Annotated[
    bool,
    typer.Option(
        "--no-context",
        help="Judge each photo alone: no time neighbours, no track, no gallery, no hint, no named place.",
    ),
]
Gpx = Annotated[
    list[Path] | None,
    typer.Option(help="A recorded track (GPX, KML or GeoJSON); may be given again.", show_default=False),
]
Hints = Annotated[
    list[str] | None,
    typer.Option(
        "--hint",
        metavar="TEXT",
        help="Where the photos are from, such as “Canada” or “Banff, July 2019”; may be given again.",
        show_default=False,
    ),
]
FolderHints = Annotated[
    bool, typer.Option("--folder-hints", help="Take names of folders for hints; they can mislead.")
]
ClockOffsets = Annotated[
    list[str] | None,
    typer.Option(
        "--clock-offset",
        metavar="[FOLDER:]CAMERA=+H:MM",
        help="How far the clock of a camera is ahead of the others, in one folder or wherever it was used; found by "
        "itself if left out. May be given again.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per photo and line.")]

_LEAST_SHOWN = 0.005
"""Less likely regions are not worth a line."""


@dataclass(frozen=True, slots=True)
class Context:
    """What may be known besides each photo by itself: the others of the batch, tracks, the user's gallery."""

    tracks: tuple[Path, ...] = ()
    hints: tuple[Hint, ...] = ()
    folder_hints: bool = False
    camera_offsets: Mapping[tuple[str, str], timedelta] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        no_context: bool,
        gpx: list[Path] | None,
        hints: list[str] | None = None,
        folder_hints: bool = False,
        clock_offsets: list[str] | None = None,
    ) -> Context | None:
        """The context that the options ask for; None to judge each photo alone.

        Raises:
            typer.BadParameter: they contradict each other, or one cannot be understood.
        """
        given = {
            "--gpx": gpx,
            "--hint": hints,
            "--folder-hints": folder_hints,
            "--clock-offset": clock_offsets,
        }
        if no_context and any(given.values()):
            name = next(name for name, value in given.items() if value)
            raise typer.BadParameter(f"{name} and --no-context exclude each other.")
        if no_context:
            return None
        from geotagger.evidence.hints import HintError, parse_hint

        try:
            understood = tuple(parse_hint(text) for text in hints or ())
        except HintError as error:
            raise typer.BadParameter(str(error)) from error
        offsets = dict(_camera_offset(text) for text in clock_offsets or ())
        return cls(tuple(gpx or ()), understood, folder_hints, offsets)


def _camera_offset(text: str) -> tuple[tuple[str, str], timedelta]:
    named, _, offset = text.rpartition("=")
    folder, _, camera = named.rpartition(":")
    if not camera.strip():
        raise typer.BadParameter(f"“{text}” names no camera; write for example “Canon EOS 80D=+1:00”.")
    try:
        return (str(Path(folder.strip())) if folder.strip() else ANY_ROLL, camera.strip()), parse_offset(
            offset
        )
    except OffsetError as error:
        raise typer.BadParameter(str(error)) from error


def command(
    paths: Paths,
    top: Annotated[int, typer.Option(min=1, max=63, help="How many regions to list.")] = 5,
    device: DeviceOption = None,
    no_context: NoContext = False,
    gpx: Gpx = None,
    hint: Hints = None,
    folder_hints: FolderHints = False,
    clock_offset: ClockOffsets = None,
    json: Json = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Also write a .csv, .geojson, .kml, .gpx or .html file.", show_default=False),
    ] = None,
) -> None:
    """Predict where photos were taken. Folders are read recursively; nothing is written into photos."""
    context = Context.of(no_context, gpx, hint, folder_hints, clock_offset)
    try:
        if out is not None:
            check_export_name(out)
            if os.path.realpath(out) in map(os.path.realpath, gpx or ()):
                raise GeotaggerError("{file} is the recorded track; choose another name.", file=str(out))
            if not out.absolute().parent.is_dir():
                raise GeotaggerError("There is no folder {folder}.", folder=str(out.parent))
        failures = 0
        rows = []
        for result in predict_paths(paths, device, context):
            failures += result.error is not None
            if json:
                emit_json(as_json(result, top))
            elif result.error is not None:
                say(as_text(result, top))
            else:
                emit(as_text(result, top))
            if out is not None and (row := export_row(result.path, result.metadata, result.prediction)):
                rows.append(row)
        if out is not None:
            write_export(rows, out)
            say(f"Wrote {len(rows)} position{'' if len(rows) == 1 else 's'} to {out}.")
    except GeotaggerError as error:
        say(str(error))
        raise typer.Exit(2) from error
    finish(failures)


def predict_paths(paths: list[Path], device: Device | None, context: Context | None) -> Iterator[PhotoResult]:
    """Predict every photo in files and folders; what cannot be read comes first, with its sentence.

    Args:
        context: None to judge each photo alone; then results come as they are made, else when all are there.

    Raises:
        GeotaggerError: the model or the device cannot be used, or a track cannot be read.
    """
    photos, failed = find_photos(paths)
    from geotagger.session.pipeline import PhotoResult, predict_photos

    for path, reason in failed:
        yield PhotoResult(path, error=reason)
    if not photos:
        return
    track = None
    if context is not None and context.tracks:
        from geotagger.evidence.tracks import load_tracks

        track = load_tracks(context.tracks)
    predictor = load_predictor(device)
    threads = max(2, os.cpu_count() or 2)
    results = with_progress(predict_photos(photos, predictor, threads), len(photos), "Predicting")
    judged = results if context is None else _judge_together(list(results), predictor, context, track)
    for result in judged:
        say_damaged(result.metadata)
        yield result


def _judge_together(
    results: Sequence[PhotoResult], predictor: Predictor, context: Context, track: Track | None
) -> Iterator[PhotoResult]:
    from geotagger.evidence.gallery import Gallery, GalleryError
    from geotagger.session.context import (
        ContextItem,
        camera_clocks,
        clock_uses,
        predict_in_context,
        speaks_beyond_image,
    )
    from geotagger.session.factors import hints_of_folder

    items = [
        ContextItem(
            r.metadata,
            r.output,
            hints=context.hints + (hints_of_folder(r.path) if context.folder_hints else ()),
        )
        for r in results
        if r.metadata and r.output
    ]
    cameras = camera_clocks(items, predictor.grid)
    uses = clock_uses(items, cameras, context.camera_offsets)
    for use in dict.fromkeys(use for use in uses if use is not None and use.given is None):
        say(f"{use.roll}: {use.clock.sentence}")
    facts = items, predictor.grid, predictor.calibration, predictor.model_id, predictor.device
    judge = partial(
        predict_in_context, *facts, track=track, camera_offsets=context.camera_offsets, cameras=cameras
    )
    try:
        with Gallery() as gallery:
            predictions = judge(gallery=gallery)
    except GalleryError as error:
        # What the network said took minutes; it is not to be lost for want of the gallery.
        say(f"{error} The photos are judged without it.")
        predictions = judge()
    answers = zip(predictions, uses, strict=True)
    for result in results:
        if not result.output:
            yield result
            continue
        together, clock = next(answers)
        # Where nothing else speaks, the answer is the photo's own, to the last bit and in any batch.
        prediction = together if speaks_beyond_image(together) else result.prediction
        yield replace(result, prediction=prediction, clock=clock)


def load_predictor(device: Device | None) -> Predictor:
    """The bundled model on the device asked for, or on the one of the settings."""
    from geotagger.inference import Predictor, load_bundle  # torch takes seconds to load

    settings = load_settings()
    chosen = device or settings.device
    return Predictor(load_bundle(model_folder(settings)), device=chosen.value, on_notice=say)


def as_json(result: PhotoResult, top: int) -> dict[str, Any]:
    """The result in the documented shape of ``predict --json``."""
    prediction = result.prediction
    if prediction is None:
        return {"path": str(result.path), "state": "failed", "error": result.error}
    fix = result.metadata.fix if result.metadata else None
    existing = None
    if fix:
        existing = {
            "lat": fix.position.lat_deg,
            "lon": fix.position.lon_deg,
            "radius_km": fix.radius_km,
            "source": fix.source.value,
        }
    return {
        "path": str(result.path),
        "state": "predicted",
        "regions": [
            {"code": region.code, "name": region.name, "probability": region.probability}
            for region in prediction.regions[:top]
        ],
        "position": {
            "lat": round(prediction.position.lat_deg, 5),
            "lon": round(prediction.position.lon_deg, 5),
        },
        "radius_km": round(prediction.radius_km, 1),
        "radius_coverage": prediction.radius_coverage,
        "position_note": point_words(prediction),
        "region_set": list(prediction.region_set),
        "region_set_coverage": prediction.region_set_coverage,
        "evidence": [
            {"kind": evidence.kind, "weight": evidence.weight}
            | ({"photo": evidence.photo} if evidence.photo else {})
            | ({"reason": evidence.reason} if evidence.reason else {})
            for evidence in prediction.evidence
        ],
        "existing": existing,
        "clock": None if result.clock is None else _clock_as_json(result.clock),
        "model": prediction.model,
        "device": prediction.device,
    }


def _clock_as_json(use: ClockUse) -> dict[str, Any]:
    return {
        "folder": use.roll,
        "camera": use.clock.camera,
        "reference": use.clock.reference,
        "found_ahead_s": round(use.clock.offset.total_seconds()),
        "probability": round(use.clock.probability, 3),
        "used_ahead_s": round(use.ahead.total_seconds()),
        "reason": use.clock.sentence if use.given is None else "it was set as you said",
    }


def as_text(result: PhotoResult, top: int) -> str:
    """The result as one line for people."""
    if result.prediction is None:
        return f"{result.path}: {result.error}"
    prediction = result.prediction
    likely = [region for region in prediction.regions[:top] if region.probability >= _LEAST_SHOWN]
    regions = ", ".join(f"{region.name} {region.probability:.0%}" for region in likely)
    place = f"{format_position(prediction.position)} {format_radius(prediction.radius_km)}"
    words = point_words(prediction)
    note = "" if words is None else f" · {words}"
    return f"{result.path}: {regions} · {place}{_spread(prediction)}{note}"


def _spread(prediction: Prediction) -> str:
    size, total = len(prediction.region_set), len(load_regions())
    if size <= 1:
        return ""
    return f" · one of {size} regions of {total} ({prediction.region_set_coverage:.0%})"
