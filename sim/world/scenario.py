"""A scenario: what nobody chooses. People, calendar, parameters with their status, mechanisms in force."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, PrivateAttr

from sim import reading
from sim.errors import InputError, nearest
from sim.reading import Keys, digest_of, dotted, merged, nested, validated
from sim.world.calendar import Calendar, laid_out
from sim.world.fields import Text
from sim.world.ledger import COLUMNS, ledger_rows
from sim.world.parameters import DEFAULT, Mechanism, Parameter, check_bounds, override
from sim.world.schema import ManagerSpec, ScenarioFile

if TYPE_CHECKING:
    import pandas

# Words that speak for the values beside and beneath them, and fall when an extending file changes those. A manager's
# list of `assumed` fields stays: a guess replaced by another remains one, until a file says otherwise.
PROVENANCE = (*reading.PROVENANCE, "status", "note")
CUSTOMERS = "customers_per_manager"  # the parameter behind a manager's `customers`

Origin = Callable[[Keys], str]  # the name of the file that has the last word on a field


class Scenario(ScenarioFile):
    """A world to try policies in. Treat it as read-only; ``with_changes`` makes another one.

    The fields are those of the file and what it extends. ``parameter``, ``value``, ``customers`` and ``switches`` give
    what holds once the defaults of the data files are filled in. name: the file's name without the ending.
    """

    name: Annotated[Text, Field(max_length=60)]

    _files: tuple[str, ...] = PrivateAttr(default=())
    _defaults: dict[str, Parameter] = PrivateAttr(default_factory=dict)
    _known: dict[str, Mechanism] = PrivateAttr(default_factory=dict)
    _resolved: dict[str, Parameter] = PrivateAttr(default_factory=dict)
    _people: dict[str, ManagerSpec] = PrivateAttr(default_factory=dict)
    _idle: dict[str, float] = PrivateAttr(default_factory=dict)  # values that switched-off mechanisms put in force

    @classmethod
    def build(
        cls,
        data: Mapping[str, Any],
        name: str,
        files: tuple[str, ...],
        parameters: Mapping[str, Parameter],
        mechanisms: Mapping[str, Mechanism],
        origin: Origin,
    ) -> Self:
        """A checked scenario from the content of its file and the defaults it stands on."""
        file = validated(ScenarioFile, data, origin)
        scenario = validated(cls, {**dict(file), "name": name}, origin)
        scenario._files, scenario._defaults, scenario._known = files, dict(parameters), dict(mechanisms)
        _check_names(scenario, origin)
        scenario._people = dict(item for branch in scenario.branches.values() for item in branch.managers.items())
        scenario._resolved = _resolve(scenario, origin)
        _check_people(scenario, origin)
        off = [known for mechanism, known in mechanisms.items() if not scenario.mechanism(mechanism)]
        scenario._idle = dict(item for known in off for item in known.neutral.items())
        return scenario

    @property
    def files(self) -> tuple[str, ...]:
        """The files read: this one first, then what it extends."""
        return self._files

    @property
    def managers(self) -> dict[str, ManagerSpec]:
        """Every manager of every branch, by name, in the order of the file."""
        return dict(self._people)

    @property
    def seats(self) -> int:
        """Managers in all, those of every copy of a branch counted."""
        return sum(branch.copies * branch.team_size for branch in self.branches.values())

    @property
    def cohorts(self) -> tuple[str, ...]:
        """The cohorts present, in the order of first appearance."""
        return tuple(dict.fromkeys(spec.cohort for spec in self._people.values()))

    @property
    def timeline(self) -> Calendar:
        """The calendar, laid out in ticks."""
        return laid_out(self.calendar)

    @property
    def switches(self) -> dict[str, bool]:
        """Every mechanism of the model and whether it is in force (it is, unless the scenario says otherwise)."""
        return {name: self.mechanisms.get(name, True) for name in self._known}

    @property
    def resolved(self) -> dict[str, Parameter]:
        """Every parameter as it holds in this scenario, by name."""
        return dict(self._resolved)

    def mechanism(self, name: str) -> bool:
        """Whether a mechanism is in force."""
        return self.mechanisms.get(self._one_of(name, self._known, "a mechanism"), True)

    def parameter(self, name: str) -> Parameter:
        """A parameter as it holds here: the data file's, or the scenario's override."""
        return self._resolved[self._one_of(name, self._resolved, "a parameter")]

    def value(self, name: str, entry: str = "", manager: str = "") -> float:
        """A parameter's number. manager: theirs alone if they have one, else that of the entry or of their cohort."""
        parameter = self.parameter(name)
        if not manager:
            return parameter.of(entry) if entry else parameter.number
        spec = self._people[self._one_of(manager, self._people, "a manager")]
        return spec.overrides[name] if name in spec.overrides else parameter.of(entry or spec.cohort)

    def effective(self, name: str, entry: str = "", manager: str = "") -> float:
        """As :meth:`value`, but the neutral value where a mechanism that stands on this parameter is switched off."""
        return self._idle[name] if name in self._idle else self.value(name, entry, manager)

    def customers(self, manager: str) -> int:
        """Existing customers in a manager's portfolio."""
        own = self._people[self._one_of(manager, self._people, "a manager")].customers
        return round(self.value(CUSTOMERS, manager=manager)) if own is None else own

    def _one_of(self, name: str, known: Iterable[str], what: str) -> str:
        if name not in known:
            raise InputError(f"scenario {self.name}", found=f"`{name}`", expected=f"{what} known here", hint=nearest(name, known))
        return name

    @property
    def digest(self) -> str:
        """Names the content that moves the model: calendar, people, values and mechanisms; not titles or sources."""
        calendar = self.calendar
        return digest_of({
            "calendar": [calendar.start.isoformat(), calendar.days, calendar.weekends],
            "holidays": [[h.start.isoformat(), h.days, h.demand] for h in calendar.holidays],
            **({"seasonality": calendar.seasonality.demand} if calendar.seasonality else {}),
            # Lists, because the order of managers is the order of adding up, which the last bit of a sum can show.
            "branches": [[id_, branch.copies, [[name, _person(spec)] for name, spec in branch.managers.items()]]
                         for id_, branch in self.branches.items()],
            "parameters": {name: parameter.value for name, parameter in self._resolved.items()},
            "mechanisms": [self.switches, self._idle],
        })  # fmt: skip

    def with_changes(self, changes: Mapping[str, Any], name: str | None = None) -> Self:
        """This scenario but for some values, as a file that extends it would say them; checked like a file.

        changes: dotted keys to values, such as {"calendar.days": 30, "parameters.NAME.ENTRY": 0.2}; None takes away a
        key that is there, so that its default holds again; `#2` is the second of a list ("calendar.holidays.#1.demand").
        name: of the new scenario; by default this one's, followed by the digest if the model would notice a difference.
        """
        data = self.model_dump(exclude_none=True, exclude={"name"})
        for key in data["parameters"]:  # one number for all entries, spelt out, so that single ones can be changed
            data["parameters"][key]["value"] = self._resolved[key].value
        origin = f"{self.name} (changed)"
        for key, value in changes.items():
            data = merged(data, nested(data, key.split("."), value, origin), PROVENANCE)
        changed = self.build(data, name or self.name, self._files, self._defaults, self._known, lambda keys: origin)
        if name is None and changed.digest != self.digest:
            changed = changed.model_copy(update={"name": f"{self.name}~{changed.digest[:6]}"})
        return changed

    def ledger(self) -> pandas.DataFrame:
        """Every value the model stands on, one a row, with its unit, status, source and plausible range.

        Besides the parameters: managers' own values, the people's data a scenario marks as assumed, holiday demand.
        """
        import pandas

        return pandas.DataFrame(list(ledger_rows(self)), columns=list(COLUMNS))


def _person(spec: ManagerSpec) -> dict[str, Any]:
    return spec.model_dump(exclude={"assumed", "note"})


def _check_names(scenario: Scenario, origin: Origin) -> None:
    for kind, known in (("parameters", scenario._defaults), ("mechanisms", scenario._known)):
        for name in getattr(scenario, kind):
            if name not in known:
                raise InputError(*_place((kind, name), origin), found=f"an unknown {kind[:-1]}", hint=nearest(name, known))
    home: dict[str, str] = {}
    for id_, branch in scenario.branches.items():
        for name in branch.managers:
            if name in home:
                found, expected = f"a name also used in branch {home[name]}", "names that are unique in the scenario"
                raise InputError(*_place(("branches", id_, "managers", name), origin), found=found, expected=expected)
            home[name] = id_


def _resolve(scenario: Scenario, origin: Origin) -> dict[str, Parameter]:
    changed = {
        name: override(scenario._defaults[name], change, f"scenario {scenario.name}", _place(("parameters", name), origin))
        for name, change in scenario.parameters.items()
    }
    return {**scenario._defaults, **changed}


def _check_people(scenario: Scenario, origin: Origin) -> None:
    """Managers' own values must be of parameters that allow them, and what is marked as assumed must be given."""
    checked: set[str] = set()
    for keys, spec in _managers(scenario):
        for name, number in spec.overrides.items():
            place = _place((*keys, "overrides", name), origin)
            _check_own(scenario, name, place)
            check_bounds(scenario._resolved[name], number, place)
        for field in spec.assumed:
            if getattr(spec, field) is None:
                raise InputError(*_place((*keys, "assumed"), origin), found=f"{field}, which is not given", expected="fields given beside it")
        if spec.cohort not in checked:
            _check_cohort(scenario, spec.cohort, _place((*keys, "cohort"), origin))
            checked.add(spec.cohort)


def _managers(scenario: Scenario) -> Iterator[tuple[Keys, ManagerSpec]]:
    for id_, branch in scenario.branches.items():
        for name, spec in branch.managers.items():
            yield ("branches", id_, "managers", name), spec


def _check_own(scenario: Scenario, name: str, place: tuple[str, str]) -> None:
    own = [key for key, parameter in scenario._resolved.items() if parameter.per_manager]
    if name not in own:
        found = "a parameter that holds for everybody" if name in scenario._resolved else "an unknown parameter"
        raise InputError(*place, found=found, expected="one that may differ between managers", hint=nearest(name, own))


def _check_cohort(scenario: Scenario, cohort: str, place: tuple[str, str]) -> None:
    """A parameter that differs between cohorts must say something about this one; a near miss is taken for a slip of the pen."""
    from difflib import get_close_matches

    known = {entry for parameter in scenario._resolved.values() if isinstance(parameter.value, dict) and DEFAULT in parameter.value
             for entry in parameter.value if entry != DEFAULT}
    if cohort not in known and (close := get_close_matches(cohort.lower(), sorted(known), n=1, cutoff=0.75)):
        raise InputError(*place, found=f"`{cohort}`", expected="a cohort the parameters know, or a name unlike any of them",
                         hint=nearest(close[0], known))
    for name, parameter in scenario._resolved.items():
        if not isinstance(parameter.value, dict):
            continue
        by_cohort = DEFAULT in parameter.value or any(other in parameter.value for other in scenario.cohorts)
        if by_cohort and not {cohort, DEFAULT} & parameter.value.keys():
            found, expected = f"`{cohort}`, about which {name} says nothing", f"a cohort with a value under parameters.{name}"
            raise InputError(*place, found=found, expected=expected, hint=nearest(cohort, parameter.value))


def _place(keys: Keys, origin: Origin) -> tuple[str, str]:
    return origin(keys), dotted(keys)
