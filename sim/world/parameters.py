"""Parameters of the world: numbers nobody chooses, each with its unit, status, source and range."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from math import inf
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from sim.errors import InputError, nearest
from sim.reading import read_yaml, resource_folder, say, shown, validated, wrong
from sim.world.fields import Count, Flag, Name, Number, Part, Status, Text, Title

MECHANISMS = "mechanisms.yaml"
DEFAULT = "default"  # the entry that stands for every cohort not named
FULL_FORM = frozenset({"value", "status", "source"})  # so no entry of a vector may bear these names

Place = tuple[str, str]  # file, dotted field
FolderState = tuple[tuple[str, int, int], ...]  # name, time and size of each file
Span = Annotated[tuple[Number, Number], Field(description="low and high")]


def _form(found: Any) -> str:
    return "entries" if isinstance(found, Mapping) else "single"


def either(single: Any, entries: Any) -> Any:
    """A field that is one thing, or a mapping of entry (channel, cohort) to such a thing."""
    return Annotated[
        Annotated[single, Tag("single")] | Annotated[entries, Tag("entries")],
        Discriminator(_form),
    ]


Value = either(Number, Annotated[dict[Name, Number], Field(min_length=1)])
Spans = either(Span, Annotated[dict[Name, Span], Field(min_length=1)])


class ParameterFile(Part):
    """One parameter as a data file states it: a number, or one number an entry (channel, cohort, segment).

    range: what is plausible, low and high, for all entries alike or for each; uncertainty analyses draw from it.
    limits: what makes sense at all; an override beyond it is refused. Where the file states none, a parameter whose range
    does not go below zero is not negative.
    per_manager: whether single managers may have a value of their own.
    """

    value: Value = Field(description="one, or one an entry")
    unit: Text = Field(description="unit of measurement")
    status: Status = Field(description="measured, calibrated or assumed")
    source: Text = Field(description="where the value comes from")
    range: Spans = Field(description="[low, high]")
    limits: Span | None = Field(None, description="[low, high]")
    per_manager: Flag = False
    label: Title | None = None
    note: Text | None = None


class Parameter(ParameterFile):
    """One parameter with its name. overridden: whether the value is a scenario's rather than the data file's."""

    name: Name
    overridden: Flag = False

    @property
    def is_vector(self) -> bool:
        return isinstance(self.value, dict)

    @property
    def number(self) -> float:
        """The value of a parameter that is one number."""
        if isinstance(self.value, dict):
            raise InputError(self.name, found="one number for each of " + ", ".join(self.value), expected="one number")
        return self.value

    def of(self, entry: str) -> float:
        """The value for an entry; entries not named take ``default``, and one number holds for all."""
        if not isinstance(self.value, dict):
            return self.value
        if entry in self.value:
            return self.value[entry]
        if DEFAULT in self.value:
            return self.value[DEFAULT]
        raise InputError(self.name, found=f"no value for `{entry}`", expected="one, or a `default`", hint=nearest(entry, self.value))

    def entries(self) -> Iterator[tuple[str, float]]:
        """Pairs of entry and value; a single number has the entry ``""``."""
        yield from self.value.items() if isinstance(self.value, dict) else [("", self.value)]

    def span(self, entry: str = "") -> tuple[float, float]:
        """Low and high of the plausible range of an entry."""
        if not isinstance(self.range, dict):
            return self.range
        return self.range.get(entry) or self.range[DEFAULT]

    def bounds(self) -> tuple[float, float]:
        """Low and high of what an override may say."""
        if self.limits is not None:
            return self.limits
        spans = self.range.values() if isinstance(self.range, dict) else [self.range]
        return (0.0 if min(low for low, _ in spans) >= 0 else -inf), inf


def _full_form(found: Any) -> Any:
    """A bare number, or a bare mapping of entries, is short for ``{value: ...}``.

    Entries beside a ``value`` come from an extending file and are laid over it.
    """
    if isinstance(found, Override):
        return found
    if not isinstance(found, Mapping) or "value" not in found:
        return {"value": found}
    beside = {key: number for key, number in found.items() if key not in FULL_FORM}
    if beside and isinstance(found["value"], Mapping):
        return {key: found[key] for key in found if key in FULL_FORM} | {"value": {**found["value"], **beside}}
    return found


class Override(Part):
    """What a scenario says instead of a parameter's default; entries not named keep theirs."""

    value: Value = Field(description="one, or one an entry")
    status: Status = "assumed"
    source: Text | None = None


def _sourced(change: Override) -> Override:
    """A value that is called measured or calibrated says where it comes from."""
    if change.status != "assumed" and change.source is None:
        raise wrong("source", found="nothing", expected=f"where the {change.status} value comes from")
    return change


OverrideField = Annotated[Override, BeforeValidator(_full_form), AfterValidator(_sourced)]


class Mechanism(Part):
    """A part of the model that can be switched off: its label, its stage of the day, and what it does.

    neutral: the parameter values at which it is idle; switching it off puts them in force.
    """

    label: Title
    stage: Count = Field(description="number of the stage of the day")
    doc: Text = Field(description="what it does")
    neutral: Annotated[dict[Name, Number], Field(min_length=1)] = Field(description="parameter values at which it is idle")


def load_parameters(folder: Path | None = None) -> dict[str, Parameter]:
    """Every parameter of a folder of data files (of the library's own if none is given), by name."""
    return dict(_read_parameters(*_versioned(folder)))


def load_mechanisms(folder: Path | None = None) -> dict[str, Mechanism]:
    """Every mechanism that can be switched off, by name, in the order of the file."""
    return dict(_read_mechanisms(*_versioned(folder)))


def override(parameter: Parameter, change: Override, source: str, place: Place) -> Parameter:
    """A parameter with a scenario's value in place of the default. One number sets every entry.

    source: what to quote if the change names no source.
    """
    if isinstance(change.value, dict):
        value: float | dict[str, float] = _merged_entries(parameter, change.value, place)
    elif isinstance(parameter.value, dict):
        value = dict.fromkeys(parameter.value, change.value)
    else:
        value = change.value
    for entry, number in change.value.items() if isinstance(change.value, dict) else [("", change.value)]:
        check_bounds(parameter, number, _inside(place, entry))
    words = {"status": change.status, "source": change.source or source}
    return parameter.model_copy(update={"value": value, "overridden": True, **words})


def check_bounds(parameter: Parameter, number: float, place: Place) -> None:
    """Refuse a value that cannot be meant (a negative rate, a share above 1)."""
    low, high = parameter.bounds()
    if not low <= number <= high:
        wanted = f"{low:g} or more" if high == inf else f"{low:g} to {high:g}"
        raise InputError(*place, found=say(number), expected=f"{wanted} ({parameter.unit})")


def _inside(place: Place, entry: str) -> Place:
    return (place[0], f"{place[1]}.{entry}") if entry else place


def _merged_entries(parameter: Parameter, change: dict[str, float], place: Place) -> dict[str, float]:
    if not isinstance(parameter.value, dict):
        raise InputError(*place, found=say(change), expected=f"one number ({parameter.unit})")
    for entry in change:
        if entry not in parameter.value and DEFAULT not in parameter.value:
            raise InputError(*_inside(place, entry), found="an unknown entry", hint=nearest(entry, parameter.value))
    return {**parameter.value, **change}


# --- data files -------------------------------------------------------------------------------------------------------


def _versioned(folder: Path | None) -> tuple[Path, FolderState]:
    """The folder and the state of its files, so that an edited file is read again and others are not."""
    folder = folder or resource_folder("data") / "parameters"
    files = sorted(folder.glob("*.yaml"))
    return folder, tuple((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files)


@lru_cache(maxsize=8)
def _read_parameters(folder: Path, state: FolderState) -> dict[str, Parameter]:
    known: dict[str, Parameter] = {}
    home: dict[str, str] = {}
    for path in (folder / name for name, *_ in state if name != MECHANISMS):
        for name, data in read_yaml(path).items():
            if name in home:
                raise InputError(shown(path), name, found="a second definition", expected=f"the one in {home[name]} alone")
            known[name], home[name] = _parameter(name, data, shown(path)), shown(path)
    return known


@lru_cache(maxsize=8)
def _read_mechanisms(folder: Path, state: FolderState) -> dict[str, Mechanism]:
    path = folder / MECHANISMS
    items = read_yaml(path).items()
    return {name: validated(Mechanism, _fields(name, data, shown(path)), f"{shown(path)}: {name}") for name, data in items}


def _fields(name: str, data: Any, file: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise InputError(file, name, found=say(data), expected="a mapping of fields")
    return data


def _parameter(name: str, data: Any, file: str) -> Parameter:
    stated = validated(ParameterFile, _fields(name, data, file), f"{file}: {name}")
    parameter = validated(Parameter, {**dict(stated), "name": name}, f"{file}: {name}")
    _check_entries(parameter, file)
    for entry, number in parameter.entries():
        span = low, high = parameter.span(entry)
        if low > high:
            raise InputError(*_inside((file, f"{name}.range"), entry), found=f"[{low:g}, {high:g}]", expected="low before high")
        if not low <= number <= high:
            raise InputError(*_inside((file, f"{name}.value"), entry), found=say(number), expected=f"its range, {low:g} to {high:g}")
        for bound in span:
            check_bounds(parameter, bound, _inside((file, f"{name}.range"), entry))
    return parameter


def _check_entries(parameter: Parameter, file: str) -> None:
    """Entries of value and range must be the same, and none may look like a field of an override."""
    entries = set(parameter.value) if isinstance(parameter.value, dict) else set()
    for entry in sorted(entries & FULL_FORM):
        raise InputError(file, f"{parameter.name}.value", found=f"an entry called `{entry}`", expected="another name")
    if not isinstance(parameter.range, dict):
        return
    for entry in sorted(set(parameter.range) - entries):
        raise InputError(file, f"{parameter.name}.range", found=f"an unknown entry `{entry}`", hint=nearest(entry, entries))
    if DEFAULT not in parameter.range:
        for entry in sorted(entries - set(parameter.range)):
            raise InputError(file, f"{parameter.name}.range", found=f"no range for `{entry}`", expected="[low, high]")
