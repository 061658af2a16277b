"""What differs between two policies or two scenarios, line by line, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

from sim.errors import InputError
from sim.policy import Element, Policy
from sim.policy.diff import ORDER, Change, changes
from sim.policy.measures import pay_measures
from sim.report.describe import (
    AIMS, aim_text, changed_text, crediting_text, element_parts, element_text, measure_text, names_of, override_text, pairing_text, plain, stand_ins_text, terms_text,
    whom_text,
)
from sim.report.describe_service import OPTIONAL, optional_texts
from sim.report.people import people_text
from sim.report.words import MINUS, check_language, known, labels, listed, say, title_of, unit_name
from sim.world import Scenario, load_mechanisms

# Where the words of values are that a file writes as one of a few; elsewhere `policy.value.`.
VALUES = {"visible": "policy.seen_", "time": "policy.", "participation": "policy.", "period": "policy.",
          "cohort": "cohorts.", "channels": "policy.channel.", "calculated": "policy.", "every": "policy.", "reported": "policy.",
          "channel": "policy.way.", "steps": "policy.step_name.", "allocation": "policy.allot_"}
SHARES = ("assigned_share", "weight", "advance", "share", "above", "otherwise", "quota", "gives", "attainment", "ratchet", "say", "audit", "authority")
NAMED = ("indicators", "shares", "pay")      # whose keys are the author's own names
LONG, FEW = 120, 2          # a description so long is not told twice where no more than a few of its values differ
RELATIVE = ("target", "minutes", "minutes_per_day", "customers", "days")     # besides money and parameters, told in per cent too


def diff(a: Policy | Scenario, b: Policy | Scenario, lang: str = "en") -> list[str]:
    """What changes from a to b, one line a change; a line saying so if the model could not tell them apart.

    Then the status and the first day in force, where they differ; sources, titles and reasons are left to the files.
    Errors: InputError unless both are policies or both are scenarios.
    """
    check_language(lang)
    if isinstance(a, Policy) != isinstance(b, Policy):
        raise InputError("diff", found="a policy and a scenario", expected="two policies or two scenarios")
    if a.digest == b.digest:
        lines = [say("policy.change.same", lang, digest=a.digest)]
    elif isinstance(a, Policy):
        lines = list(_policy_lines(a, b, lang))  # type: ignore[arg-type]
    else:
        lines = list(_scenario_lines(a, b, lang))  # type: ignore[arg-type]
    return [*lines, *_headers(a, b, lang)]


def heading(a: Policy | Scenario, b: Policy | Scenario, lang: str) -> str:
    """Which two are compared."""
    return say("policy.change.head", lang, a=title_of(a, lang), a_name=a.name, b=title_of(b, lang), b_name=b.name)


def _headers(a: Any, b: Any, lang: str) -> Iterator[str]:
    if a.status != b.status:
        yield _line(_field("status", lang), *(say(f"report.statuses.{each.status}", lang) for each in (a, b)), lang)
    if isinstance(a, Policy) and a.effective != b.effective:
        yield _line(_field("effective", lang), a.effective.isoformat(), b.effective.isoformat(), lang)


# --- policies ---------------------------------------------------------------------------------------------------------


def _policy_lines(a: Policy, b: Policy, lang: str) -> Iterator[str]:
    found = list(changes(a.content(), b.content()))
    for name in {**a.pay, **b.pay}:
        yield from _element_lines(name, a, b, [change for change in found if change.place[:2] == ("pay", name)], lang)
    for change in found:
        if change.place == ("pay", ORDER):
            yield _order(_field("pay", lang), change, lambda name: _label(a, name, lang), lang)
        elif change.place[0] == "overrides":
            yield from _override_lines(a, b, lang)
        elif change.place[0] == "practices" and change.place[1] not in OPTIONAL:
            yield _practice(change, a, b, lang)
    texts = [optional_texts(each, lang) for each in (a, b)]
    for aspect in OPTIONAL:
        if texts[0].get(aspect) != texts[1].get(aspect):
            nothing = say("policy.change.nothing", lang)
            yield _line(_field(aspect, lang), texts[0].get(aspect, nothing), texts[1].get(aspect, nothing), lang)
    if people := [change for change in found if change.place[0] == "people"]:
        if few := _few(people):
            yield from _plain_lines(_field("people", lang), few, 1, lang)
        else:
            yield _line(_field("people", lang), *(people_text(each.people, lang) for each in (a, b)), lang)
    if any(change.place[0] == "stand_ins" for change in found):
        nothing = say("policy.change.nothing", lang)
        yield _line(_field("stand_ins", lang), *(stand_ins_text(each, lang) or nothing for each in (a, b)), lang)
    for whole, told in (("terms", terms_text), ("crediting", crediting_text)):
        inside = [change for change in found if change.place[0] == whole]
        texts = [told(getattr(each, whole), lang, names_of(each, lang)) for each in (a, b)]
        yield from _part_lines(_field(whole, lang), inside, 1, texts, lang)


def _label(policy: Policy, name: str, lang: str) -> str:
    return names_of(policy, lang).get(name, name)


def _element_lines(name: str, a: Policy, b: Policy, found: Sequence[Change], lang: str) -> Iterator[str]:
    """A schedule that changes in more than one number is told as a whole."""
    if not found:
        return
    if name not in b.pay or name not in a.pay:
        policy, key = (a, "removed") if name in a.pay else (b, "added")
        yield say(f"policy.change.{key}", lang, what=element_text(name, policy.pay[name], lang, names_of(policy, lang)))
        return
    label, before, after = _label(b, name, lang), a.pay[name], b.pay[name]
    inside = [change for change in found if change.place[2] == "schedule"]
    others = [change for change in found if change.place[2] != "schedule"]
    texts = [element_parts(each.pay[name], lang, names_of(each, lang)) for each in (a, b)]
    plainly = len(inside) == 1 and inside[0].place[3:] in (("amount",), ("rate",)) and None not in inside[0][1:]
    if plainly and before.measure == after.measure:
        change, = inside
        yield _change(label, change.place[-1], change.before, change.after, lang, _unit_of(change.place[-1], after, lang))
        inside = []
    yield from _part_lines(label, [*inside, *others], 2, texts, lang, after)


def _part_lines(label: str, found: Sequence[Change], depth: int, texts: Sequence[dict[str, str]], lang: str,
                element: Element | None = None) -> Iterator[str]:
    """One line a part that differs: a plain number or word as such, anything else in the words of its description.

    depth: where in the places of the changes the part stands. texts: descriptions before and after, by part. Values that the
    descriptions leave out are told one by one.
    """
    for key in dict.fromkeys(change.place[depth] for change in found):
        inside = [change for change in found if change.place[depth] == key]
        change, whole = inside[0], (texts[0].get(key), texts[1].get(key))
        value = change.place[depth:] == ("target", "value")
        if len(inside) == 1 and (value or len(change.place) == depth + 1 and not isinstance(_either(change), (list, dict))):
            unit = _unit_of(key, element, lang) if element else ""
            yield _change(_of(label, _field(key, lang), lang), key, change.before, change.after, lang, unit)
        elif max(len(text or "") for text in whole) > LONG and None not in whole and (few := _few(inside)):
            yield from _plain_lines(label, few, depth + (key == "schedule"), lang)
        elif whole[0] != whole[1]:
            yield _line(label if key == "schedule" else _of(label, _field(key, lang), lang),
                        *(say("policy.change.nothing", lang) if text is None else text for text in whole), lang)
        else:
            yield from _plain_lines(label, inside, depth, lang)


def _plain_lines(label: str, found: Sequence[Change], depth: int, lang: str) -> Iterator[str]:
    """Values by their place in the file."""
    for change in found:
        what = label
        for before, key in zip(change.place[depth - 1:], change.place[depth:]):
            number = say("policy.change.number", lang, number=key[1:]) if key.startswith("#") else None
            word = known("cohorts", key, lang) if before == "at_start" else _field(key, lang)
            what = _of(what, number or (key if before in NAMED else word), lang)
        yield _change(what, change.place[-1], change.before, change.after, lang)


def _few(found: Sequence[Change]) -> list[Change]:
    """The single values that differ inside, if they are few and stand at places that both have."""
    values = [each for change in found for each in _inside(change)]
    return values if len(values) <= FEW and not any(None in each[1:] or isinstance(_either(each), (list, dict)) for each in values) else []


def _inside(change: Change) -> Iterator[Change]:
    """A change as those of its parts, where both sides are lists of one length or mappings of the same keys."""
    place, before, after = change
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        before, after = ({f"#{number}": each for number, each in enumerate(side, start=1)} for side in (before, after))
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        for key in before:
            if before[key] != after[key]:
                yield from _inside(Change((*place, key), before[key], after[key]))
    else:
        yield change


def _either(change: Change) -> Any:
    return change.before if change.after is None else change.after


def _unit_of(key: str, element: Element, lang: str) -> str:
    """The unit of a plain number of an element, as it follows the number."""
    if key in ("amount", "cap", "floor", "target_incentive"):
        return say("policy.change.amount", lang, period=say(f"policy.{element.period}", lang))
    if key == "budget":
        return say("policy.change.cny", lang)
    if key == "rate":
        own = f"policy.change.rate_{element.measure}"
        return say(own, lang) if own in labels() else say("policy.change.rate", lang, measure=measure_text(element.measure, lang))
    return ""


def _override_lines(a: Policy, b: Policy, lang: str) -> Iterator[str]:
    """Overrides for the same people at the same time are compared with one another, in their order."""
    sides = [[(whom_text(each.overrides[place], lang), override_text(each, place, lang), changed_text(each, place, lang), content)
              for place, content in enumerate(each.content().get("overrides", ()))] for each in (a, b)]
    shared: dict[str, list[list[Any]]] = {}
    for side, overrides in enumerate(sides):
        for who, *told_of in overrides:
            free = next((pair for pair in shared.setdefault(who, []) if pair[side] is None), None)
            if free is None:
                shared[who].append(free := [None, None])
            free[side] = told_of
    told = False
    for who, pairs in shared.items():
        for before, after in pairs:
            if before is None or after is None:
                told = True
                yield say(f"policy.change.{'added' if before is None else 'removed'}", lang, what=(before or after)[0])
            elif before[2] != after[2]:
                told = True
                same = before[1] == after[1]
                texts = (_value("pay", each[2]["pay"], lang) if same else each[1] for each in (before, after))
                yield _line(_of(_field("overrides", lang), who, lang), *texts, lang)
    if not told:                                     # the later goes before the earlier among equals
        texts = (say("list.comma", lang).join(who for who, *_ in side) for side in sides)
        yield say("policy.change.order", lang, what=_field("overrides", lang), **dict(zip(("before", "after"), texts)))


def _practice(change: Change, a: Policy, b: Policy, lang: str) -> str:
    _, practice, *rest = change.place
    aspect = _field(practice, lang)
    if not rest and practice in AIMS:                # one that only one of the two has, or another frame
        return _line(aspect, *(aim_text(each.practices, practice, lang) or say("policy.change.nothing", lang) for each in (a, b)), lang)
    if not rest:                                     # another rule of pairing
        return _line(aspect, *(pairing_text(each.practices.mentor_pairing, lang) for each in (a, b)), lang)
    if rest[0] == "status":
        cohort = known("cohorts", rest[1], lang)
        return _change(_of(aspect, say("policy.field.status_of", lang, cohort=cohort), lang), "status", change.before, change.after, lang)
    return _change(_of(aspect, _field(rest[-1], lang), lang), rest[-1], change.before, change.after, lang)


# --- scenarios --------------------------------------------------------------------------------------------------------


def scenario_content(scenario: Scenario) -> dict[str, Any]:
    """What of a scenario moves the model."""
    calendar = scenario.calendar
    return {
        "calendar": {"start": calendar.start, "days": calendar.days, "weekends": calendar.weekends,
                     "holidays": [(spell.start, spell.days, spell.demand) for spell in calendar.holidays],
                     "seasonality": [share for share in calendar.seasonality.demand] if calendar.seasonality else []},
        "branches": {id_: {"managers": {name: spec.model_dump(exclude_none=True, exclude={"assumed", "note"})
                                        for name, spec in branch.managers.items()}}
                     for id_, branch in scenario.branches.items()},
        "parameters": {name: parameter.value for name, parameter in scenario.resolved.items()},
        "mechanisms": scenario.switches,
    }


def _scenario_lines(a: Scenario, b: Scenario, lang: str) -> Iterator[str]:
    for change in changes(scenario_content(a), scenario_content(b), ("branches", "managers")):
        yield _OF_SCENARIO[change.place[0]](change, a, b, lang)


def _calendar(change: Change, a: Scenario, b: Scenario, lang: str) -> str:
    key = change.place[-1]
    what = _of(_field("calendar", lang), _field(key, lang), lang)
    if key == "holidays":
        return _line(what, *(_holidays(each, lang) for each in (a, b)), lang)
    if key == "seasonality":
        return _line(what, *(_seasons(each, lang) for each in (a, b)), lang)
    return _change(what, key, change.before, change.after, lang)


def _seasons(scenario: Scenario, lang: str) -> str:
    season = scenario.calendar.seasonality
    return say("list.comma", lang).join(_share(share, lang) for share in season.demand) if season else say("policy.change.nothing", lang)


def _holidays(scenario: Scenario, lang: str) -> str:
    spells = [say("policy.change.holiday", lang, name=getattr(spell.name, lang), start=spell.start.isoformat(), days=spell.days,
                  demand=_share(spell.demand, lang)) for spell in scenario.calendar.holidays]
    return say("list.semicolon", lang).join(spells) or say("policy.change.nothing", lang)


def _branch(change: Change, a: Scenario, b: Scenario, lang: str) -> str:
    if change.place[-1] == ORDER:
        inside = len(change.place) > 2
        what = say("policy.change.managers", lang, branch=change.place[1]) if inside else say("policy.change.branches", lang)
        return _order(what, change, str, lang)
    key = "removed" if change.after is None else "added"
    whole = change.before if change.after is None else change.after
    if len(change.place) == 2:
        branch = say("policy.change.branch", lang, name=change.place[1], count=len(whole["managers"]))
        return say(f"policy.change.{key}", lang, what=branch)
    who = say("policy.change.manager", lang, name=change.place[3], branch=change.place[1])
    if len(change.place) == 4:
        cohort, months = known("cohorts", whole["cohort"], lang), plain(whole["tenure_months"])
        person = say("policy.change.person", lang, name=who, cohort=cohort, months=months)
        return say(f"policy.change.{key}", lang, what=person)
    field = change.place[-1]
    return _change(_of(who, _field(field, lang), lang), field, change.before, change.after, lang)


def _parameter(change: Change, a: Scenario, b: Scenario, lang: str) -> str:
    name, *entry = change.place[1:]
    parameter = b.parameter(name)
    what = say("policy.change.parameter", lang, name=".".join([name, *entry]), unit=unit_name(parameter.unit, lang))
    return _change(what, name, change.before, change.after, lang, relative=True)


def _mechanism(change: Change, a: Scenario, b: Scenario, lang: str) -> str:
    label = getattr(load_mechanisms()[change.place[1]].label, lang)
    states = (say("policy.change.on" if each else "policy.change.off", lang) for each in change[1:])
    return _line(say("policy.change.mechanism", lang, name=label), *states, lang)


_OF_SCENARIO: dict[str, Callable[[Change, Scenario, Scenario, str], str]] = {
    "calendar": _calendar, "branches": _branch, "parameters": _parameter, "mechanisms": _mechanism,
}


# --- lines ------------------------------------------------------------------------------------------------------------


def _line(what: str, before: str, after: str, lang: str, unit: str = "", percent: str = "") -> str:
    return say("policy.change.line", lang, what=what, before=before, after=after, unit=unit, percent=percent)


def _change(what: str, key: str, before: Any, after: Any, lang: str, unit: str = "", relative: bool = False) -> str:
    """A line for a value of any kind; an amount also with its change in per cent."""
    percent, numbers = "", all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in (before, after))
    if numbers and before and (unit or relative or key in RELATIVE):
        text = f"{100 * (after - before) / abs(before):+,.3g}".replace("-", MINUS)
        percent = say("policy.change.percent", lang, percent=text)
    texts = _value(key, before, lang), _value(key, after, lang)
    if not numbers:                                  # an amount beside none
        texts, unit = tuple(text if each is None else text + unit for text, each in zip(texts, (before, after))), ""
    return _line(what, *texts, lang, unit, percent)


def _value(key: str, value: Any, lang: str) -> str:
    """A plain value as a reader calls it."""
    match value:
        case None: return say("policy.change.nothing", lang)
        case bool(): return say(f"policy.change.{str(value).lower()}", lang)
        case int() | float(): return _share(value, lang) if key in SHARES else plain(value)
        case date(): return value.isoformat()
        case str() if key == "measure": return measure_text(value, lang)
        case str(): return labels().get(VALUES.get(key, "policy.value.") + value, {lang: value})[lang]
        case dict(): return _value("", [f"{_entry(entry, each, lang)} {_value(entry, each, lang)}" for entry, each in value.items()], lang)
    if key in ("pairs", "visible"):
        return listed([say("list.pair", lang, mentor=one, mentee=other) for one, other in value], lang)
    return say("list.comma", lang).join(_value(key, each, lang) for each in value) or _value("", None, lang)  # fmt: skip


def _entry(key: str, value: Any, lang: str) -> str:
    """The key of an entry: a measure where it stands beside a number, such as a price."""
    return measure_text(key, lang) if key in pay_measures() and isinstance(value, (int, float)) else _field(key, lang)


def _order(what: str, change: Change, name: Callable[[str], str], lang: str) -> str:
    texts = (say("list.comma", lang).join(map(name, each)) for each in change[1:])
    return say("policy.change.order", lang, what=what, **dict(zip(("before", "after"), texts)))


def _of(whole: str, part: str, lang: str) -> str:
    return say("policy.change.of", lang, whole=whole, part=part)


def _field(key: str, lang: str) -> str:
    return known("policy.field", key, lang)


def _share(share: float, lang: str) -> str:
    return say("list.percent", lang, number=f"{100 * share:.10g}")
