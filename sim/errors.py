"""The one kind of error that a user's input can cause."""

from __future__ import annotations

from difflib import get_close_matches
from collections.abc import Iterable


class InputError(Exception):
    """Something a user gave is not usable; ``str()`` is one sentence for that user.

    place: file and field, from the outside in (empty parts are left out).
    found, expected: what was there and what would have been right.
    hint: the nearest right thing, if there is one.
    also: further mistakes found in the same file.
    """

    also: tuple[InputError, ...] = ()

    def __init__(self, *place: object, found: str, expected: str = "", hint: str = "") -> None:
        self.place = [str(part) for part in place if str(part)]
        self.found, self.expected, self.hint = found, expected, hint
        super().__init__(self._sentence())

    def __reduce__(self) -> tuple:
        return _again, (self.place, self.found, self.expected, self.hint)

    def _sentence(self) -> str:
        text = ": ".join([*self.place, f"found {self.found}"])
        if self.expected:
            text += f"; expected {self.expected}"
        return f"{text}. {self.hint}".rstrip() if self.hint else f"{text}."


class Stopped(Exception):
    """Something outside has ended the work: a full disk, a lost cluster. ``str()`` is one sentence; what was finished is kept."""


def _again(place: list[str], found: str, expected: str, hint: str) -> InputError:
    """The same error on the other side of a process boundary."""
    return InputError(*place, found=found, expected=expected, hint=hint)


_LANGUAGES = {"cn": "zh", "chinese": "zh", "中文": "zh", "english": "en", "eng": "en"}


def nearest_language(word: str, known: Iterable[str]) -> str:
    """A hint naming the language meant, also where the word is that of a country or the language's own."""
    start = str(word).lower().replace("_", "-").split("-")[0]
    close = start if start in set(known) else _LANGUAGES.get(start)
    return f"Did you mean `{close}`?" if close else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint naming the most similar known word, then (up to a dozen of) all of them."""
    names = sorted(map(str, known))
    close = get_close_matches(str(word), names, n=1, cutoff=0.5)
    listed = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return (f"Did you mean `{close[0]}`? " if close else "") + (f"Known here: {listed}." if names else "")
