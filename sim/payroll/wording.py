"""A line's arithmetic in words that a person can check, in English and Chinese, with a gap for the result."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from sim.policy.exact import PayLine, plain
from sim.policy.schedule import Rule

EXACT, ROUNDED_DOWN, ROUNDED_UP = 0, 1, 2                      # how a share of a group's fen came about
BOUNDS = {"cap": {"en": ("cap {} on ", ""), "zh": ("上限{}（", "）")}, "floor": {"en": ("floor {} for ", ""), "zh": ("保底{}（", "）")}}
ROUNDINGS = {
    "en": {EXACT: "", ROUNDED_DOWN: ", rounded down to the fen", ROUNDED_UP: ", rounded up to the fen"},
    "zh": {EXACT: "", ROUNDED_DOWN: "，舍去不足一分", ROUNDED_UP: "，不足一分进为一分"},
}


class Around(NamedTuple):
    """What stands before and after the result."""

    before: str
    after: str


class Template(NamedTuple):
    """words: by language. shows_input: whether the result stands between them. rate: CNY a unit, 0 where none is paid."""

    words: dict[str, Around]
    shows_input: bool
    rate: Fraction


def template_of(line: PayLine, piece: int, mean_of: int, shares: int, rounding: int) -> Template:
    """The arithmetic on one piece of an element.

    mean_of: payees whose mean result is paid for. shares: payees among whom the pay is split. rounding: of a share.
    """
    at = line.pieces[piece]
    inner = _arithmetic(line, piece, f" / {mean_of}" if mean_of > 1 else "")
    words = {}
    for lang in ROUNDINGS:
        before, after = inner
        if at.bound:
            head, foot = BOUNDS[at.bound][lang]
            before, after = head.format(plain(at.v)) + before, after + foot
        if shares > 1:
            before, after = f"({before}", f"{after}) / {shares}"
        words[lang] = Around(before, after + ROUNDINGS[lang][rounding])
    return Template(words, at.rule.why != "fixed", at.rule.r)


def _arithmetic(line: PayLine, piece: int, mean: str) -> Around:
    """The schedule's own words: `600 x (7 - 0)`, `900 + 450 x (4 - 3)`, `450 x 5`, `4000 (12 >= 12)`, `0 (9 < 9.6)`, `6000`."""
    rule: Rule = line.pieces[piece].rule
    if rule.why == "fixed":
        return Around(plain(rule.v), "")
    if rule.why == "below":
        first = next(other.rule.x for other in line.pieces if other.rule.why != "below")
        return Around("0 (", f"{mean} < {plain(first)})")
    if rule.why == "step":
        return Around(f"{plain(rule.v)} (", f"{mean} >= {plain(rule.x)})")
    if rule.x > 0 and rule.v == rule.r * rule.x:                # on everything: a tier that reaches back, from_first
        return Around(f"{plain(rule.r)} x " + "(" * bool(mean), f"{mean})" if mean else "")
    return Around((f"{plain(rule.v)} + " if rule.v else "") + f"{plain(rule.r)} x (", f"{mean} - {plain(rule.x)})")
