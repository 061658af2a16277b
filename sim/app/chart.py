"""The explorer's charts, as SVG in plain text: drawn in a few milliseconds, sharp at any size, fonts left to the browser.

Figures for print are drawn by `sim.plot`; these answer a slider.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from sim.app.words import say
from sim.experiments.compare import Comparison
from sim.experiments.measures import list_measures
from sim.report.findings import MAIN, verdict
from sim.report.series import quantiles, weekly, week_ends
from sim.report.style import CASE, FAINT, MODEL
from sim.report.words import gap, measure_name, number, percent, spread, unit_name

INK, RULE = "#262626", "#d9d9d9"
WIDTH, ROW = 940, 38  # pixels
LEFT, RIGHT = 250, 500  # where the intervals are drawn


def differences_svg(result: Comparison, lang: str) -> str:
    """One row a measure: its difference to the unchanged policy as a point with its interval, and in numbers.

    Every row has a scale of its own, from the same distance below zero to above it; hollow: zero lies in the interval.
    """
    rows = {row.measure: row for row in result.table.itertuples() if row.measure in MAIN}
    measures = [measure for measure in MAIN if measure in rows]
    middle, half = (LEFT + RIGHT) / 2, (RIGHT - LEFT) / 2 - 8
    height = 40 + ROW * len(measures)
    parts = [_text(8, 22, say("explorer.measure", lang), "start", bold=True),
             _text(middle, 22, say("explorer.difference", lang), "middle", bold=True),
             _text(RIGHT + 20, 22, say("explorer.with_interval", lang, confidence=percent(result.confidence, lang)), "start", bold=True),
             _text(WIDTH - 8, 22, say("explorer.before_after", lang), "end", bold=True),
             _line(middle, 32, middle, height - 4, FAINT)]
    for place, measure in enumerate(measures):
        row, unit, y = rows[measure], list_measures()[measure].unit, 40 + ROW * place + ROW / 2
        reach = max(abs(row.ci_low), abs(row.ci_high), abs(row.difference)) or 1.0
        low, point, high = (middle + half * value / reach for value in (row.ci_low, row.difference, row.ci_high))
        told = verdict(row.ci_low, row.ci_high) in ("more", "less")
        parts += [
            _line(0, y - ROW / 2, WIDTH, y - ROW / 2, RULE),
            _text(8, y - 1, measure_name(measure, lang), "start"), _text(8, y + 13, unit_name(unit, lang), "start", size=10, color=FAINT),
            f'<line x1="{low:.1f}" y1="{y}" x2="{high:.1f}" y2="{y}" stroke="{MODEL}" stroke-width="4"/>',
            f'<circle cx="{point:.1f}" cy="{y}" r="5.5" stroke="{MODEL}" stroke-width="2" fill="{MODEL if told else "white"}"/>',
            _text(RIGHT + 20, y + 5, gap(row, unit), "start", bold=told),
            _text(RIGHT + 100, y + 5, f"({spread(row.ci_low, row.ci_high, unit, lang, signed=True)})", "start", color=FAINT),
            _text(WIDTH - 8, y + 5, f"{number(row.mean_baseline, unit)} → {number(row.mean, unit)}", "end"),
        ]
    return _svg(WIDTH, height, parts, say("explorer.chart", lang))


def accounts_svg(result: Comparison, lang: str) -> str:
    """Accounts opened so far, week by week: the median of each policy and the band that holds nine runs in ten."""
    days = week_ends(result.scenario)
    width, height, left, top, bottom = WIDTH, 260, 60, 50, 220
    bands = [quantiles(weekly(run, "accounts").cumsum(axis=1)) for run in result.runs]
    most = max(1.0, max(band[-1].max() for band in bands))
    steps = np.linspace(left, width - 150, len(days))

    def up(values: np.ndarray) -> np.ndarray:
        return bottom - (bottom - top) * values / most

    parts = [_text(8, 32, say("explorer.so_far", lang), "start", bold=True)]
    for value in _ticks(most):
        y = float(up(np.array(value)))
        parts += [_line(left, y, width - 150, y, RULE), _text(left - 8, y + 4, f"{value:g}", "end", size=11)]
    for place in {0, len(days) // 2, len(days) - 1}:
        parts.append(_text(steps[place], bottom + 20, f"{days[place]:%Y-%m-%d}", "middle", size=11))
    ends = []
    for band, color, dash, key in zip(bands, (FAINT, CASE), ("6 4", "none"), ("unchanged", "yours")):
        outline = [*zip(steps, up(band[0])), *zip(steps[::-1], up(band[-1])[::-1])]
        parts.append(f'<polygon points="{_points(outline)}" fill="{color}" fill-opacity="0.15"/>')
        line = _points(zip(steps, up(band[2])))
        parts.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2.5" stroke-dasharray="{dash}"/>')
        ends.append([float(up(band[2])[-1]), color, say(f"explorer.{key}", lang)])
    ends.sort()
    if ends[1][0] - ends[0][0] < 15:
        ends[1][0] = ends[0][0] + 15
    parts += [_text(width - 142, y + 4, words, "start", color=color, bold=True) for y, color, words in ends]
    return _svg(width, height, parts, say("explorer.so_far", lang))


def _ticks(most: float) -> list[float]:
    """Round marks from 0 up to the highest value, four or so."""
    rough = most / 4
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [float(value) for value in np.arange(0, most + 1e-9, step)]


def _points(pairs: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)


def _text(x: float, y: float, words: str, anchor: str, size: int = 13, color: str = INK, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{color}"{weight}>{escape(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, color: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}"/>'


def _svg(width: int, height: int, parts: Sequence[str], label: str) -> str:
    return (f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(label)}" viewBox="0 0 {width} {height}" width="{width}" '
            f'style="max-width:100%;height:auto;background:white" font-family="system-ui, sans-serif">{"".join(parts)}</svg>')
