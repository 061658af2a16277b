"""Options of commands: what they share, and how a wrong value is told."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from sim.errors import InputError, nearest, nearest_language

LANGUAGES = ("en", "zh")


def reader(option: str, kind: Callable[[str], Any], expected: str) -> Callable[[str], Any]:
    """Reads an option's value, or says in the common sentence what is wrong with it."""
    def read(text: str) -> Any:
        try:
            return kind(text)
        except ValueError:
            raise InputError(option, found=repr(text[:60]), expected=expected) from None
    return read


def whole(option: str) -> Callable[[str], Any]:
    return reader(option, int, "a whole number")


def choice(option: str, known: Sequence[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in known:
            close = nearest_language(text, known) if option == "--lang" else nearest(text, known).split("Known here")[0].strip()
            raise InputError(option, found=repr(text[:60]), expected="one of " + ", ".join(known), hint=close)
        return text
    return read


def language(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lang", type=choice("--lang", LANGUAGES), default="en", metavar="en|zh", help="language of the output (default: %(default)s)")


def running(parser: argparse.ArgumentParser) -> None:
    """Where runs are made, and who is told."""
    parser.add_argument("--jobs", type=whole("--jobs"), default=None, metavar="N",
                        help="processors to use; results do not depend on it (default: all)")
    parser.add_argument("--scheduler", default=None, metavar="ADDRESS",
                        help="a Dask scheduler whose workers make the runs, such as tcp://host:8786 (docs/cluster.md)")
    log(parser, "what happens to runs")


def log(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--log", default=None, metavar="FILE", help=f"append {what} to this file, a line of JSON each")
