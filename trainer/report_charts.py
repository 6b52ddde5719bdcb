"""The drawings of the report, as SVG: curves over a training, reliability, confusions."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import numpy as np

from geotagger.core.regions import load_regions
from trainer.answers import Judged

_BINS = 10
_COLOURS = ("#2f6fde", "#c2410c", "#1e7b45", "#7c3aed")


def curves(series: Mapping[str, Sequence[float]], below: str) -> str:
    """Lines over one course, each from its first value at the left to its last at the right, with a key.

    Args:
        series: values by name, at least two each.
        below: what the course is, written under it.
    """
    low = min(min(values) for values in series.values())
    high = max(max(values) for values in series.values())
    digits = 2 if high - low < 10 else 0
    parts = []
    for place, (name, values) in enumerate(series.items()):
        x = np.linspace(50, 690, len(values))
        y = 210 - 190 * (np.asarray(values, float) - low) / max(high - low, 1e-9)
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
        colour = _COLOURS[place % len(_COLOURS)]
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{points}"/>')
        if len(series) > 1:
            parts.append(f'<text x="{50 + 160 * place}" y="235" fill="{colour}">{html.escape(name)}</text>')
    return (
        f'<svg viewBox="0 0 700 240" width="700">{"".join(parts)}'
        f'<text x="0" y="25">{high:.{digits}f}</text><text x="0" y="215">{low:.{digits}f}</text>'
        f'<text x="690" y="235" text-anchor="end">{html.escape(below)}</text></svg>'
    )


def reliability_diagram(judged: Judged) -> str:
    """The share of right first guesses over their mean probability."""
    best = judged.probabilities.max(axis=1)
    right = judged.probabilities.argmax(axis=1) == judged.regions
    dots = []
    for part in np.array_split(np.argsort(best), _BINS):
        if len(part):
            x, y = 40 + 300 * best[part].mean(), 310 - 300 * right[part].mean()
            dots.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{_COLOURS[0]}"/>')
    return (
        '<svg viewBox="0 0 350 340" width="350"><path d="M40 310L340 10" stroke="#b9bec6"/>'
        f'<path d="M40 10V310H340" fill="none" stroke="#5b6472"/>{"".join(dots)}'
        '<text x="190" y="335" text-anchor="middle">probability</text><text x="0" y="20">right</text></svg>'
    )


def confusion_matrix(judged: Judged) -> str:
    """The 63 × 63 counts, each row shaded by its share; a square says what it is."""
    names = load_regions().names
    count = judged.probabilities.shape[1]
    matrix = np.zeros((count, count), int)
    np.add.at(matrix, (judged.regions, judged.probabilities.argmax(axis=1)), 1)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    squares = [
        f'<rect x="{10 * column}" y="{10 * row}" width="10" height="10" fill="{_COLOURS[0]}" '
        f'fill-opacity="{shares[row, column]:.2f}"><title>{html.escape(names[row])}, taken for '
        f"{html.escape(names[column])}: {matrix[row, column]}</title></rect>"
        for row, column in zip(*np.nonzero(matrix), strict=True)
    ]
    side = 10 * count
    return (
        f'<svg viewBox="0 0 {side} {side}" width="{side}"><rect width="{side}" height="{side}" fill="#f4f5f7"/>'
        f'<path d="M0 0L{side} {side}" stroke="#d5d9e0"/>{"".join(squares)}</svg>'
    )
