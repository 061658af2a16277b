"""What differs between two policies, or two scenarios, as places with a value before and after. Words are put to it by
`sim.report.diff`.

Only content that moves the model is compared (`Policy.content`), so that nothing differs just where the digests are equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sim.reading import CHOICES

ORDER = "#order"                                    # stands for the order of the keys of a mapping, where that counts
_ABSENT = object()


class Change(NamedTuple):
    """A place as keys from the outside in, and the plain values there: None where there is nothing."""

    place: tuple[str, ...]
    before: Any
    after: Any


def changes(before: Mapping[str, Any], after: Mapping[str, Any], ordered: tuple[str, ...] = ("pay",),
            place: tuple[str, ...] = ()) -> Iterator[Change]:
    """Every place at which two contents differ, in the order of the first, then what only the second has.

    Lists differ as a whole, and so do mappings of another `kind` or `rule`, since the settings of one mean nothing to the
    other. ordered: last keys of places where the order of keys counts.
    """
    for key in [*before, *(key for key in after if key not in before)]:
        here = (*place, key)
        old, new = before.get(key, _ABSENT), after.get(key, _ABSENT)
        if isinstance(old, Mapping) and isinstance(new, Mapping) and _kind(old) == _kind(new):
            yield from changes(old, new, ordered, here)
        elif old != new:
            yield Change(here, None if old is _ABSENT else old, None if new is _ABSENT else new)
    if place and place[-1] in ordered:
        shared = [[key for key in one if key in other] for one, other in ((before, after), (after, before))]
        if shared[0] != shared[1]:
            yield Change((*place, ORDER), shared[0], shared[1])


def _kind(content: Mapping[str, Any]) -> list[Any]:
    return [value for choice in CHOICES if isinstance(value := content.get(choice), str)]
