"""Scores as a table that people read, in English or Chinese: each indicator with its arithmetic, then the total."""

from __future__ import annotations

import pandas as pd

from sim.errors import InputError, nearest
from sim.payroll.dictionary import LANGUAGES
from sim.payroll.indicators import SET_LABELS
from sim.payroll.scoring import PROVENANCE, SCORED, UNSCORED, Line, Scores, total_of
from sim.policy.rational import Exact

_WORDS = {
    "person": ("person", "工号"), "indicator": ("indicator", "指标"), "set": ("set", "指标集"),
    "actual": ("result", "实际值"), "target": ("target", "目标值"),
    "comparison": ("comparison", "比较值"), "coefficient": ("coefficient", "系数"), "weight": ("weight", "权重"), "score": ("score", "得分"),
    "provenance": ("provenance", "来源"), "unscored": ("not scored because of", "未计分原因"), "total": ("total", "合计"),
}  # fmt: skip
_SOURCES = {"measured": ("measured", "实测"), "derived": ("derived", "推算"), "typed": ("typed", "手工录入")}
_REASONS = {"": ("", ""), "no result": ("no result", "无实际值"), "no target": ("no target", "无目标值"),
            "no whole base": ("no whole base", "基期不完整"), "a ratio to no target": ("a ratio to no target", "目标值为零，无法计算比率")}  # fmt: skip


def score_table(scores: Scores, lang: str = "en") -> pd.DataFrame:
    """One row an indicator and person, person by person, the total below; scores with two decimals, halves up, as text.

    The total is rounded by itself: it can differ by a hundredth or two from the sum of the rounded rows.
    """
    if lang not in LANGUAGES:
        raise InputError("lang", found=f"`{lang}`", expected="en or zh", hint=nearest(lang, LANGUAGES))
    place = LANGUAGES.index(lang)
    frame, many = scores.frame, len(scores.ids)
    table = pd.DataFrame({
        "person": frame["person"].astype(str),
        "indicator": [line.indicator.words[lang] for line in scores.lines for _ in range(many)],
        "set": frame["set"].map({name: words[lang] for name, words in SET_LABELS.items()}).astype(str),
        **{name: frame[name] for name in ("actual", "target", "comparison", "coefficient", "weight")},
        "score": [text for line in scores.lines for text in _of_line(line)],
        "provenance": frame["provenance"].astype(str).map({name: _SOURCES[name][place] for name in PROVENANCE}),
        "unscored": frame["unscored"].astype(str).map({name: _REASONS[name][place] for name in UNSCORED}),
    })  # fmt: skip
    total, weight = total_of(scores.lines)
    sources = scores.totals["provenance"].astype(object).map({name: _SOURCES[name][place] for name in PROVENANCE}).fillna("")
    foot = pd.DataFrame({"person": scores.ids.astype(str), "indicator": _WORDS["total"][place], "set": "",
                         "weight": scores.totals["weight"], "score": two_decimals(total, weight.reaches(0, strictly=True).tolist()),
                         "provenance": sources, "unscored": ""})  # fmt: skip
    whole = pd.concat([table.assign(_row=list(range(many)) * len(scores.lines)), foot.assign(_row=range(many))], ignore_index=True)
    whole = whole.sort_values("_row", kind="stable", ignore_index=True).drop(columns="_row")
    return whole.rename(columns={name: _WORDS[name][place] for name in whole.columns})


def _of_line(line: Line) -> list[str]:
    return two_decimals(line.points, (line.why == SCORED).tolist())


def two_decimals(points: Exact, there: list[bool]) -> list[str]:
    """Exact numbers as text with two decimals, halves up; empty where there is none."""
    found = points.whole(100).tolist()
    return [
        f"{'-' if number < 0 else ''}{abs(number) // 100}.{abs(number) % 100:02d}" if known else ""
        for number, known in zip(found, there, strict=True)
    ]


__all__ = ["score_table", "two_decimals"]
