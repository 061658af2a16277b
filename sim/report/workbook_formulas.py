"""A statement line's arithmetic as a formula that a spreadsheet works out, if it can be written as one.

The words of a line (sim/payroll/wording.py) are read back: numbers, + - x /, brackets, caps and floors, steps, shares rounded to the
fen. What is not understood, or does not come to the line's amount, gets no formula. Every formula is worked out here in exact
fractions, rounding as spreadsheets do (halves away from zero).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

_TOKEN = re.compile(r"\s*(\d+(?:\.\d+)?|>=|<=|[-+/()<>]|(?:x|cap|floor|on|for|withheld as)(?![A-Za-z]))")
_SHARE = re.compile(r"(?P<whole>.*) / (?P<members>\d+)(?:, rounded (?P<way>up|down) to the fen)?")
_N = r"(-?\d+(?:\.\d+)?)"
# Lines that follow from others, and what they come to but for the sign: what is taken away is told in the same words as what is added.
_FOLLOWING = [
    (re.compile(words.replace("N", _N)), arithmetic)
    for words, arithmetic in (
        (r"advance, N of N for the month", "{0} x {1}"),
        (r"N of N kept back", "{0} x {1}"),
        (r"N of N kept back, less N cut before it vested", "{0} x {1} - {2}"),
        (r"N less N earned", "{0} - {1}"),
        (r"pay of N above the ceiling of N", "{0} - {1}"),
        (r"N x N / N reversed", "{0} x {1} / {2}"),
    )
]
_LESS = re.compile(rf"(?P<rule>.*), less {_N} (?:earned before|paid in advance)")
LONGEST = 2000                        # letters of a formula


class Unread(Exception):
    """Words that are no arithmetic known here."""


class Node(NamedTuple):
    """A number (`op` is "number": its digits) or an operation on nodes."""

    op: str
    of: tuple[Node, ...] = ()
    digits: str = ""


def formula_of(rule: str, fen: int, links: dict[str, str]) -> str | None:
    """The formula for a line's amount in CNY, or None.

    rule: the line's arithmetic in English. links: cells by `input:` or `rate:` and the digits with which the rule writes them; the
    input is taken where it is first multiplied or compared, the rate where it multiplies.
    """
    amount = Fraction(fen, 100)
    for made in _readings(rule, amount):
        try:
            text, value = _whole(made, links)
        except (Unread, ZeroDivisionError, RecursionError):
            continue
        if value == amount and len(text) <= LONGEST:
            return f"={text}"
    return None


def _readings(rule: str, amount: Fraction) -> Iterator[str]:
    """The arithmetic that the words of a line can stand for."""
    for words, arithmetic in _FOLLOWING:
        if found := words.fullmatch(rule):
            made = arithmetic.format(*found.groups())
            yield made if amount >= 0 else f"0 - ({made})"
            return
    taken = []
    while found := _LESS.fullmatch(rule):
        rule = found["rule"]
        taken.append(found[2])
    yield rule if not taken else f"({rule})" + "".join(f" - {number}" for number in reversed(taken)).replace("- -", "+ ")


def _whole(rule: str, links: dict[str, str]) -> tuple[str, Fraction]:
    """The formula and its value, rounded to the fen; a share of a group's pay is rounded after the whole."""
    found = _SHARE.fullmatch(rule)
    if found and found["whole"].startswith("(") and _closes_at_end(found["whole"]):
        text, whole = _rounded(parsed(found["whole"]), links)
        part = whole / int(found["members"])
        if found["way"] is None:
            return f"{text}/{found['members']}", part
        scaled = part * 100
        fen = math.ceil(abs(scaled)) if found["way"] == "up" else math.floor(abs(scaled))
        return f"ROUND{found['way'].upper()}({text}/{found['members']},2)", Fraction(fen if scaled >= 0 else -fen, 100)
    return _rounded(parsed(rule), links)


def _closes_at_end(text: str) -> bool:
    """Whether the bracket that opens the text closes at its very end."""
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return place == len(text) - 1
    return False


def _rounded(node: Node, links: dict[str, str]) -> tuple[str, Fraction]:
    return f"ROUND({written(node, Links(links))},2)", rounded_away(value_of(node))


def rounded_away(value: Fraction, places: int = 2) -> Fraction:
    """Halves away from zero, as ROUND does."""
    scaled = abs(value) * 10**places
    whole = math.floor(scaled + Fraction(1, 2))
    return Fraction(whole if value >= 0 else -whole, 10**places)


# --- reading ----------------------------------------------------------------------------------------------------------


def parsed(rule: str) -> Node:
    """The arithmetic of the words. Errors: Unread."""
    tokens, place = [], 0
    while place < len(rule.rstrip()):
        found = _TOKEN.match(rule, place)
        if not found:
            raise Unread(rule)
        tokens.append(found[1])
        place = found.end()
    reader = _Reader(tokens)
    node = reader.bounded()
    if reader.tokens:
        raise Unread(rule)
    return node


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def next(self, *wanted: str) -> str:
        if not self.tokens or (wanted and self.tokens[0] not in wanted):
            raise Unread
        return self.tokens.pop(0)

    def at(self, *signs: str) -> bool:
        return bool(self.tokens) and self.tokens[0] in signs

    def bounded(self) -> Node:
        """`cap 3000 on ...`, `floor 1000 for ...`, or a sum."""
        if self.at("cap", "floor"):
            which = self.next()
            bound = self.signed()
            self.next("on" if which == "cap" else "for")
            return Node("min" if which == "cap" else "max", (bound, self.bounded()))
        return self.sum()

    def sum(self) -> Node:
        node = self.product()
        while self.at("+", "-"):
            node = Node(self.next(), (node, self.product()))
        return node

    def product(self) -> Node:
        node = self.signed()
        while self.at("x", "/"):
            node = Node({"x": "*"}.get(sign := self.next(), sign), (node, self.signed()))
        while self.at("("):                                    # the condition it is paid on, or withheld on: 4000 (12 >= 12)
            node = self.condition(node)
        return node

    def condition(self, amount: Node) -> Node:
        self.next("(")
        withheld = self.at("withheld as") and bool(self.next())
        left = self.sum()
        sign = self.next(">=", "<=", "<", ">")
        right = self.sum()
        self.next(")")
        test = Node(sign, (left, right))
        if withheld and amount.op == "*":                      # a share of what is paid otherwise
            return Node("if", (test, amount, amount.of[1]))
        return Node("if", (test, amount))

    def signed(self) -> Node:
        if self.at("-"):
            self.next()
            return Node("neg", (self.signed(),))
        if self.at("("):
            self.next()
            node = self.bounded()
            self.next(")")
            return node
        token = self.next()
        if not token[0].isdigit():
            raise Unread
        return Node("number", digits=token)


# --- working out and writing ------------------------------------------------------------------------------------------


def value_of(node: Node) -> Fraction:
    """Exactly. A condition that does not hold is none that a line states. Errors: Unread."""
    if node.op == "number":
        return Fraction(node.digits)
    if node.op == "if":
        test, amount = node.of[:2]
        left, right = map(value_of, test.of)
        if not {">=": left >= right, "<=": left <= right, "<": left < right, ">": left > right}[test.op]:
            raise Unread
        return value_of(amount)
    values = [value_of(each) for each in node.of]
    match node.op:
        case "+":
            return values[0] + values[1]
        case "-":
            return values[0] - values[1]
        case "*":
            return values[0] * values[1]
        case "/":
            return values[0] / values[1]
        case "neg":
            return -values[0]
        case "min":
            return min(values)
        case _:
            return max(values)


class Links:
    """Cells that stand in for numbers; the input's wherever it is read, the rate's in one place."""

    def __init__(self, cells: dict[str, str]) -> None:
        self.cells = dict(cells)              # "input:7" and "rate:600" to cells

    def take(self, what: str, digits: str) -> str | None:
        return self.cells.pop(f"{what}:{digits}", None) if what == "rate" else self.cells.get(f"{what}:{digits}")


_STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2}


def written(node: Node, links: Links) -> str:
    """As a spreadsheet writes it."""
    if node.op == "number":
        return node.digits
    if node.op == "neg":
        return f"(-{written(node.of[0], links)})"
    if node.op in ("min", "max"):
        return f"{node.op.upper()}({written(node.of[0], links)},{written(node.of[1], links)})"
    if node.op == "if":
        test, amount, *other = node.of
        left = _input(test.of[0], links)
        known = (
            written(other[0], links) if other else "0" if test.op in (">=", ">") else "NA()"
        )  # what is paid elsewhere, other words would say
        return f"IF({left}{test.op}{written(test.of[1], links)},{written(amount, links)},{known})"
    left, right = node.of
    if node.op == "*":
        rate = links.take("rate", left.digits) if left.op == "number" else None
        return f"{rate or _within(left, 2, links)}*{_input(right, links, 2)}"
    return f"{_within(left, _STRENGTH[node.op], links)}{node.op}{_within(right, _STRENGTH[node.op] + 1, links)}"


def _input(node: Node, links: Links, strength: int = 0) -> str:
    """The node with the input's cell in the place of its first number."""
    first, way = node, []
    while first.op in ("+", "-", "*", "/"):
        way.append(first)
        first = first.of[0]
    cell = links.take("input", first.digits) if first.op == "number" else None
    if cell is None:
        return _within(node, strength + 1 if strength else 0, links)
    made = Node("number", digits=cell)
    for above in reversed(way):
        made = Node(above.op, (made, above.of[1]))
    return _within(made, strength + 1 if strength else 0, links)


def _within(node: Node, strength: int, links: Links) -> str:
    text = written(node, links)
    return f"({text})" if _STRENGTH.get(node.op, 9) < strength else text


__all__ = ["Node", "Unread", "formula_of", "parsed", "rounded_away", "value_of", "written"]
