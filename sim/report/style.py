"""How figures look: readable in print and in black and white, safe for the colour-blind, the same bytes every time."""

from __future__ import annotations

import io
import logging
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from matplotlib import font_manager, rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure

from sim.policy import Policy
from sim.report.words import say, titles

WIDTH = 8.4                          # inches; on A4 this prints at about five sixths
CHINESE = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "Microsoft YaHei", "PingFang SC",
           "Hiragino Sans GB", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Heiti SC", "STHeiti", "SimHei", "DengXian",
           "Noto Serif CJK SC", "Source Han Serif SC", "Songti SC", "SimSun", "Noto Sans CJK JP", "Source Han Sans",
           "Arial Unicode MS", "Droid Sans Fallback")
LONGEST = 46                         # of a policy's title in a figure, in halves of a Chinese character
LATIN = "DejaVu Sans"                # comes with matplotlib, so figures in English look the same everywhere
# Okabe and Ito's colours, but grey for their yellow, which is lost on white paper; each with a marker and a line of its own.
COLOURS = ("#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#7F7F7F")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h", "<", "*", ">")
LINES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)), (0, (8, 2)))
MODEL, CASE, FAINT = "#0072B2", "#D55E00", "#595959"


class Look(NamedTuple):
    """What tells one policy from another in a figure."""

    color: str
    marker: str
    linestyle: Any


def look(place: int) -> Look:
    """The look of the policy at this place in the comparison. Marker and colour repeat at different intervals."""
    return Look(COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)], LINES[place % len(LINES)])


# Chinese fonts often have no bold face: matplotlib takes the usual one, and need not tell an analyst so.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)


@lru_cache(maxsize=1)
def chinese_font() -> str | None:
    """An installed font with Chinese glyphs."""
    installed = set(font_manager.get_font_names())
    return next((name for name in CHINESE if name in installed), None)


def figure_language(lang: str) -> str:
    """The language figures can be written in here: English if Chinese glyphs are wanted and no font has them."""
    return lang if lang != "zh" or chinese_font() else "en"


def rules(lang: str) -> dict[str, Any]:
    """Settings of matplotlib while a figure is made. Fonts fall back glyph by glyph; no text is read as formulas."""
    families = [chinese_font(), LATIN] if lang == "zh" else [LATIN, chinese_font()]
    return {
        "font.family": [name for name in families if name], "font.size": 9.0, "axes.titlesize": 9.5, "axes.labelsize": 9.0,
        "axes.titlelocation": "left", "axes.titleweight": "bold", "figure.titlesize": 11.5, "figure.titleweight": "bold",
        "legend.fontsize": 8.5, "legend.frameon": False, "legend.handlelength": 3.0, "xtick.labelsize": 8.5, "ytick.labelsize": 8.5,
        "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": "#4D4D4D", "axes.linewidth": 0.8,
        "axes.grid": True, "axes.axisbelow": True, "grid.color": "#E3E3E3", "grid.linewidth": 0.7, "lines.linewidth": 1.6,
        "text.parse_math": False, "figure.facecolor": "white", "savefig.facecolor": "white", "figure.dpi": 110,
    }


class Plot(Figure):
    """A figure outside pyplot's list of open ones: nothing to close; a notebook shows it as the value of a cell.

    heading: the words above it. settings: matplotlib's, as they were when it was made; ticks are made only when drawn.
    """

    heading: str = ""
    settings: Mapping[str, Any] = {}

    def draw(self, renderer: Any) -> None:
        with rc_context(dict(self.settings)):
            super().draw(renderer)

    def _repr_png_(self) -> bytes:
        return png(self)


class Sheet(NamedTuple):
    """A figure's parts: `body` to draw in; caption and footer are already written below it."""

    figure: Plot
    body: SubFigure


def sheet(height: float, title: str, caption: str, footer: str) -> Sheet:
    """An empty figure of the house's width. height: inches of the body. caption says what the uncertainty shown is."""
    lines = wrapped(caption, 130)
    foot = 0.17 * len(lines) + 0.30
    figure = Plot(figsize=(WIDTH, height + foot), layout="constrained")
    figure.heading = title
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.06, h_pad=0.05)
    body, below = figure.subfigures(2, 1, height_ratios=(height, foot))
    body.suptitle(title, x=0.01, ha="left")
    below.text(0.01, 1.0, "\n".join(lines), va="top", ha="left", fontsize=8.5, color="#262626", linespacing=1.3)
    below.text(0.01, 0.05, footer, va="bottom", ha="left", fontsize=7, color=FAINT)
    return Sheet(figure, body)


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` halves of a Chinese character, broken at blanks or between Chinese characters."""
    lines, line = [], ""
    for piece in _pieces(text, width):
        if line and extent(line + piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return [*lines, line.rstrip()] if line.strip() else lines


def extent(text: str) -> int:
    """Width in halves of a Chinese character, which is near enough what a Latin letter takes."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _pieces(text: str, width: int) -> list[str]:
    """What is not broken: words with the blank after them, unless wider than a line; Chinese characters with punctuation after them."""
    pieces: list[str] = []
    for letter in text:
        wide = unicodedata.east_asian_width(letter) in "WF"
        closing = unicodedata.category(letter) in ("Po", "Pe", "Pf")
        after_break = not pieces or pieces[-1].endswith(" ") or unicodedata.east_asian_width(pieces[-1][-1]) in "WF"
        opening = bool(pieces) and unicodedata.category(pieces[-1][-1]) in ("Ps", "Pi")
        if not pieces or (not closing and not opening and (wide or after_break)):
            pieces.append(letter)
        else:
            pieces[-1] += letter
    return [piece[start:start + width] for piece in pieces for start in range(0, len(piece), width)]


def short_titles(policies: Sequence[Policy], lang: str) -> dict[str, str]:
    """Titles by policy name, short enough for a figure; names in place of titles where cutting made two alike."""
    full = titles(policies, lang)
    cut = {name: clipped(text, LONGEST) for name, text in full.items()}
    return cut if len(set(cut.values())) == len(cut) else {name: clipped(name, LONGEST) for name in cut}


def clipped(text: str, width: int) -> str:
    """Text of at most `width` halves of a Chinese character, with an ellipsis where something is cut off."""
    if extent(text) <= width:
        return text
    while extent(text) > width - 2:
        text = text[:-1]
    return text.rstrip() + "…"


def folded(text: str, width: int) -> str:
    """A label on as many lines as it needs."""
    return "\n".join(wrapped(text, width))


def date_axis(axes: Axes, lang: str, first: date, last: date, ticks: int) -> None:
    """Days on the horizontal axis, in the reader's language whatever the machine's."""
    key = "figure.day" if (last - first).days <= 400 else "figure.month"
    marks = day_marks(first, last, ticks)
    axes.set_xticks(marks, [day_text(day, lang, key) for day in marks])


def day_marks(first: date, last: date, most: int) -> list[date]:
    """Up to `most` days to mark: firsts of months, or, in a short span, days at even distances."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    firsts = [day for day in days if day.day == 1]
    chosen = firsts if len(firsts) > 1 else days
    return chosen[:: -(-len(chosen) // most)]


def day_text(day: date, lang: str, key: str = "figure.day") -> str:
    """A date in short; key: an entry of labels.yaml with gaps for day, name of the month and year."""
    return say(key, lang, day=day.day, name=say("figure.months", lang).split()[day.month - 1], year=day.year)


def png(figure: Figure, dpi: int = 200) -> bytes:
    """The figure as PNG without dates or versions in it: the same figure, the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def svg(figure: Figure) -> bytes:
    """The figure as SVG with text as outlines, so that no font is asked of the reader; the same bytes every time."""
    buffer = io.BytesIO()
    with rc_context({"svg.hashsalt": "incentivelab", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
