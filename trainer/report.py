"""``report``: one HTML page without any outside parts that shows what a training is worth."""

from __future__ import annotations

import base64
import html
import io
import json
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
from trainer.report_map import map_frame
from trainer.run_folder import HISTORY_FILE, TrainingError
from trainer.shards import Sample, ShardData

_EXAMPLES = 12
_THUMBNAIL_PX = 200
_BINS = 10
_METRICS = {
    "top1_micro": "top-1 micro, %",
    "top1_macro": "top-1 macro, %",
    "top3_macro": "top-3 macro, %",
    "top5_macro": "top-5 macro, %",
    "top10_macro": "top-10 macro, %",
    "near_misses": "wrong first guesses that name a bordering region, %",
    "median_km": "median distance, km",
    "score": "mean exp(-d/1160 km)",
    "within_200_km": "within 200 km, %",
    "within_750_km": "within 750 km, %",
    "calibration_error": "calibration error, % points",
    "radius_coverage": "true place within the radius, %",
    "set_coverage": "true region in the set, %",
}
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1d2330 }
table { border-collapse: collapse } td, th { padding: .2rem .7rem; border-bottom: 1px solid #d5d9e0; text-align: right }
td:first-child, th:first-child { text-align: left } svg { max-width: 100%; height: auto }
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
) -> None:
    """Write the page for photos that the training in ``run`` has not seen."""
    judged = judge(answers, samples, grid, calibration)
    evaluation = evaluate_judged("ours", judged, samples, calibration)
    epochs = _epochs_of(run / HISTORY_FILE)
    intervals = (
        "Brackets: 95 % interval from resampling photographers."
        if evaluation.photographers > 1
        else "One photographer alone tells nothing of others, so there are no intervals."
    )
    sections = [
        f"<h1>Training {html.escape(run.name)}</h1>",
        f"<p>{evaluation.photos} photos by {evaluation.photographers} photographers that the training has not seen, "
        f"data list {data.list_hash}. {intervals}</p>",
        _metrics_table(evaluation),
        "<h2>Loss</h2>" + _loss_curve(epochs),
        "<h2>Reliability</h2><p class=note>How often the first region was right, by its probability; ten groups of "
        "equal size. On the line the probabilities are honest.</p>" + reliability_diagram(judged),
        "<h2>Map</h2>" + _map(judged, samples, grid),
        "<h2>Regions confused</h2><p class=note>Rows: true region, columns: first guess, in class order.</p>"
        + confusion_matrix(judged)
        + _confusions(evaluation),
        "<h2>Regions</h2>" + _region_table(evaluation),
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
        return [{"losses": [float(loss) for loss in epoch["losses"]]} for epoch in epochs]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"The history of the training in {history} is damaged.") from error


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    def row(cells: Sequence[object], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"

    return "<table>" + row(head, "th") + "".join(row(cells, "td") for cells in rows) + "</table>"


def _metrics_table(evaluation: Evaluation) -> str:
    rows = []
    for key, name in _METRICS.items():
        value, _, interval = shown(key, evaluation.metrics[key]).partition(" ")
        rows.append((name, value, interval))
    unknown = any(value == NOT_MEASURED for _, value, _ in rows)
    note = f"<p class=note>{html.escape(WHY_NOT_MEASURED)}</p>" if unknown else ""
    return _table(("", "value", "interval"), rows) + note


def _map(judged: Judged, samples: Sequence[Sample], grid: CellGrid) -> str:
    known = sum(sample.lat_deg is not None for sample in samples)
    if not known:
        return "<p>No map: of these photos only the region is known, not the place.</p>"
    missing = len(samples) - known
    left_out = f" {missing} photos of which only the region is known are left out." if missing else ""
    return (
        "<p class=note>Yellow: true place. Light blue with a dark blue rim: guess. In a large green circle: the region "
        f"was right. Drag and scroll; a mark says what it is.{left_out}</p>"
        + map_frame(judged, samples, grid)
    )


def _loss_curve(epochs: Sequence[dict[str, Any]]) -> str:
    losses = np.array([loss for epoch in epochs for loss in epoch["losses"]], float)
    if len(losses) < 2:
        return "<p>The folder holds no history of a training; that of an average of trainings lies in theirs.</p>"
    width = max(1, len(losses) // 100)
    smooth = np.convolve(losses, np.ones(width) / width, mode="valid")
    low, high = float(smooth.min()), float(smooth.max())
    x = np.linspace(50, 690, len(smooth))
    y = 210 - 190 * (smooth - low) / max(high - low, 1e-9)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return (
        '<svg viewBox="0 0 700 240" width="700"><polyline fill="none" stroke="#2f6fde" stroke-width="1.5" '
        f'points="{points}"/><text x="0" y="25">{high:.2f}</text><text x="0" y="215">{low:.2f}</text>'
        f'<text x="690" y="235" text-anchor="end">{len(losses)} steps, {len(epochs)} epochs</text></svg>'
    )


def reliability_diagram(judged: Judged) -> str:
    """SVG of the share of right first guesses over their mean probability."""
    best = judged.probabilities.max(axis=1)
    right = judged.probabilities.argmax(axis=1) == judged.regions
    dots = []
    for part in np.array_split(np.argsort(best), _BINS):
        if len(part):
            x, y = 40 + 300 * best[part].mean(), 310 - 300 * right[part].mean()
            dots.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="#2f6fde"/>')
    return (
        '<svg viewBox="0 0 350 340" width="350"><path d="M40 310L340 10" stroke="#b9bec6"/>'
        f'<path d="M40 10V310H340" fill="none" stroke="#5b6472"/>{"".join(dots)}'
        '<text x="190" y="335" text-anchor="middle">probability</text><text x="0" y="20">right</text></svg>'
    )


def confusion_matrix(judged: Judged) -> str:
    """SVG of the 63 × 63 counts, each row shaded by its share."""
    count = judged.probabilities.shape[1]
    matrix = np.zeros((count, count))
    np.add.at(matrix, (judged.regions, judged.probabilities.argmax(axis=1)), 1)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    squares = [
        f'<rect x="{10 * column}" y="{10 * row}" width="10" height="10" fill="#2f6fde" '
        f'fill-opacity="{shares[row, column]:.2f}"/>'
        for row, column in zip(*np.nonzero(matrix), strict=True)
    ]
    side = 10 * count
    return (
        f'<svg viewBox="0 0 {side} {side}" width="{side}"><rect width="{side}" height="{side}" fill="#f4f5f7"/>'
        + "".join(squares)
        + "</svg>"
    )


def _confusions(evaluation: Evaluation) -> str:
    return _table(("true region", "first guess", "photos"), evaluation.confusions)


def _region_table(evaluation: Evaluation) -> str:
    rows = [
        (name, photos, f"{precision:.0f}", f"{recall:.0f}", f"{top5:.0f}")
        for name, (photos, precision, recall, top5) in evaluation.per_region.items()
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
