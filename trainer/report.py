"""``report``: one HTML page without any outside parts that shows what a training is worth."""

from __future__ import annotations

import base64
import html
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geotagger.core.calibration import Calibration
from geotagger.core.cells import CellGrid
from geotagger.core.regions import load_regions
from trainer.answers import Answers, Judged, judge
from trainer.evaluate import NOT_MEASURED, WHY_NOT_MEASURED, Evaluation, evaluate_judged, shown
from trainer.files import write_file
from trainer.report_charts import confusion_matrix, curves, reliability_diagram
from trainer.report_map import map_frame
from trainer.run_folder import HISTORY_FILE, TrainingError
from trainer.shards import Sample, ShardData

_EXAMPLES = 12
_THUMBNAIL_PX = 200
_METRICS = {
    "top1_micro": "top-1 micro, %",
    "top3_micro": "top-3 micro, %",
    "top5_micro": "top-5 micro, %",
    "top10_micro": "top-10 micro, %",
    "top1_macro": "top-1 macro, %",
    "top3_macro": "top-3 macro, %",
    "top5_macro": "top-5 macro, %",
    "top10_macro": "top-10 macro, %",
    "near_misses": "wrong first guesses that name a bordering region, %",
    "log_loss": "log loss",
    "calibration_error": "calibration error, % points",
    "median_km": "median distance, km",
    "mean_km": "mean distance, km",
    "score": "mean exp(-d/1160 km)",
    "within_25_km": "within 25 km, %",
    "within_200_km": "within 200 km, %",
    "within_750_km": "within 750 km, %",
    "within_2500_km": "within 2500 km, %",
    "radius_coverage": "true place within the radius, %",
    "median_radius_km": "median radius, km",
    "set_coverage": "true region in the set, %",
    "mean_set_size": "mean size of the set",
}
_VALIDATION = {"top1_micro": "top-1 micro", "top3_macro": "top-3 macro", "top10_macro": "top-10 macro"}
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1d2330 }
table { border-collapse: collapse } td, th { padding: .2rem .7rem; border-bottom: 1px solid #d5d9e0; text-align: right }
td:first-child, th:first-child { text-align: left } td + td { white-space: nowrap } svg { max-width: 100%; height: auto }
.examples { display: grid; grid-template-columns: repeat(auto-fill, minmax(12rem, 1fr)); gap: 1rem }
.examples img { width: 100%; border-radius: 4px } .right { color: #1e7b45; font-weight: 600 } p.note { color: #5b6472 }
iframe.map { width: 100%; height: 36rem; border: 1px solid #d5d9e0 }
"""
# Frames made of text take over the policy of the page around them, so the map's scripts have to be allowed here.
_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"


def write_report(
    file: Path,
    run: Path,
    answers: Answers,
    data: ShardData,
    samples: Sequence[Sample],
    grid: CellGrid,
    calibration: Calibration,
    baselines: Sequence[Evaluation] = (),
) -> None:
    """Write the page for photos that the training in ``run`` has not seen.

    Args:
        baselines: measured on the same photos.
    """
    judged = judge(answers, samples, grid, calibration)
    evaluation = evaluate_judged("ours", judged, samples, calibration)
    epochs = _epochs_of(run / HISTORY_FILE)
    intervals = (
        "Brackets: 95 % interval from resampling photographers."
        if evaluation.photographers > 1
        else "One photographer alone tells nothing of others, so there are no intervals."
    )
    sections = [
        f"<h1>Training {html.escape(run.resolve().name)}</h1>",
        f"<p>{evaluation.photos} photos by {evaluation.photographers} photographers that the training has not seen, "
        f"data list {data.list_hash}. {intervals}</p>",
        _metrics_table(evaluation, baselines),
        "<h2>Loss</h2>" + _curves(epochs),
        "<h2>Reliability</h2><p class=note>How often the first region was right, by its probability; ten groups of "
        "equal size. On the line the probabilities are honest.</p>" + reliability_diagram(judged),
        "<h2>Map</h2>" + _map(judged, samples, grid),
        "<h2>Regions confused</h2><p class=note>Rows: true region, columns: first guess, in class order.</p>"
        + confusion_matrix(judged)
        + _confusions(evaluation),
        f"<h2>Regions</h2><p class=note>{NOT_MEASURED}: never guessed, or no photos of it.</p>"
        + _region_table(evaluation),
        "<h2>Examples</h2><p class=note>Drawn evenly from the photos.</p>" + _examples(data, samples, judged),
    ]
    page = (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><title>Training report</title>'
        f"<style>{_STYLE}</style><body>{''.join(sections)}</body></html>\n"
    )
    write_file(file, page)


def _epochs_of(history: Path) -> list[dict[str, Any]]:
    try:
        epochs: list[dict[str, Any]] = json.loads(history.read_text(encoding="utf-8"))
        return [
            {
                "losses": [float(loss) for loss in epoch["losses"]],
                # There is none where a training learned from the validation photos, too.
                "validation": {key: float(epoch[key]) for key in _VALIDATION}
                if _VALIDATION.keys() & epoch
                else {},
            }
            for epoch in epochs
        ]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"The history of the training in {history} is damaged.") from error


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    def row(cells: Sequence[object], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"

    return "<table>" + row(head, "th") + "".join(row(cells, "td") for cells in rows) + "</table>"


def _metrics_table(evaluation: Evaluation, baselines: Sequence[Evaluation]) -> str:
    systems = (*baselines, evaluation)
    rows = [
        (name, *(shown(key, system.metrics.get(key)) for system in systems)) for key, name in _METRICS.items()
    ]
    notes = [WHY_NOT_MEASURED] if any(NOT_MEASURED in cells for cells in rows) else []
    if not baselines:
        notes.append("The baselines stand here once “evaluate” has measured them on these photos.")
    table = _table(("", *(system.name for system in systems)), rows)
    return table + "".join(f"<p class=note>{html.escape(note)}</p>" for note in notes)


def _map(judged: Judged, samples: Sequence[Sample], grid: CellGrid) -> str:
    known = sum(sample.lat_deg is not None for sample in samples)
    if not known:
        return "<p>No map: of these photos only the region is known, not the place.</p>"
    missing = len(samples) - known
    left_out = f" Left out, as only the region is known: {missing}." if missing else ""
    return (
        "<p class=note>Yellow: true place. Light blue with a dark blue rim: guess. In a large green circle: the region "
        f"was right. Drag and scroll; a mark says what it is.{left_out}</p>"
        + map_frame(judged, samples, grid)
    )


def _curves(epochs: Sequence[dict[str, Any]]) -> str:
    losses = [loss for epoch in epochs for loss in epoch["losses"]]
    if len(losses) < 2:
        return "<p>The folder holds no history of a training; that of an average of trainings lies in theirs.</p>"
    width = max(1, len(losses) // 100)
    smooth = np.convolve(losses, np.ones(width) / width, mode="valid").tolist()
    drawn = curves({"loss": smooth}, f"{len(losses)} steps, {len(epochs)} epochs")
    validated = [epoch["validation"] for epoch in epochs if epoch["validation"]]
    if len(validated) < 2:
        return drawn
    shares = {name: [of[key] for of in validated] for key, name in _VALIDATION.items()}
    return (
        f"{drawn}<h2>Validation</h2><p class=note>Of the trained heads alone, after each epoch, in %: what is fitted at "
        f"the end of a training adds to it.</p>{curves(shares, f'{len(validated)} epochs')}"
    )


def _confusions(evaluation: Evaluation) -> str:
    return _table(("true region", "first guess", "photos"), evaluation.confusions)


def _region_table(evaluation: Evaluation) -> str:
    rows = [
        (name, photos, *(f"{share:.0f}" if math.isfinite(share) else NOT_MEASURED for share in shares))
        for name, (photos, *shares) in evaluation.per_region.items()
    ]
    return _table(("region", "photos", "precision, %", "recall, %", "in the first five, %"), rows)


def _examples(data: ShardData, samples: Sequence[Sample], judged: Judged) -> str:
    names = load_regions().names
    figures = []
    for i in np.linspace(0, len(samples) - 1, min(_EXAMPLES, len(samples))).astype(int):
        image = data.image(samples[i])
        image.thumbnail((_THUMBNAIL_PX, _THUMBNAIL_PX))
        content = io.BytesIO()
        image.save(content, "JPEG", quality=80)
        source = base64.b64encode(content.getvalue()).decode()
        lines = []
        for region in np.argsort(-judged.probabilities[i], kind="stable")[:3]:
            mark = ' class="right"' if region == judged.regions[i] else ""
            lines.append(
                f"<div{mark}>{html.escape(names[region])} {100 * judged.probabilities[i, region]:.0f} %</div>"
            )
        truth = html.escape(names[judged.regions[i]])
        figures.append(
            f'<figure style="margin:0"><img alt="" src="data:image/jpeg;base64,{source}"><b>{truth}</b>{"".join(lines)}</figure>'
        )
    return f'<div class="examples">{"".join(figures)}</div>'
