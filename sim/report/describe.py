"""A policy in words: what it pays and what it has people do, for a table of what was compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from sim.policy import Element, MentorPairing, Policy, Reporting
from sim.policy.measures import pay_measures, unit_of
from sim.policy.payment import Clawback, Crediting, Gate, HoldBack, Override, Payment, Terms
from sim.policy.readings import Credit, RampStep, Reading, Target
from sim.policy.schedules import (
    Curve, CurveSchedule, FixedSchedule, LinearSchedule, MatrixSchedule, PriceSchedule, ScorecardSchedule, StepSchedule, SumSchedule,
    TierSchedule,
)
from sim.policy.practices import Lending
from sim.policy.schema import Leads, Norm, Practices, Sourced
from sim.report.describe_service import OPTIONAL, optional_texts
from sim.report.people import people_text
from sim.report.words import MINUS, known, labels, listed, say
from sim.world import Scenario
from sim.world.calendar import partly_lived

ASPECTS = ("pay", "pairing", "reporting", "leads", "norm", "people")
AIMS = ("goals", "contest", "discretion", "controls", "pricing", "framing")        # practices told beside the norm, where there are any
SCORE = "score"                        # in place of a measure: a weighted score, of which 1 is 100 points
Names = Mapping[str, str]


def described(policy: Policy, lang: str) -> dict[str, str]:
    """A short text for each of `ASPECTS`, and for those of `OPTIONAL` that the policy has."""
    practices = policy.practices
    return {
        "pay": _apart(_pay(policy, lang), lang),
        "pairing": pairing_text(practices.mentor_pairing, lang), "reporting": _reporting(practices.reporting, lang),
        "leads": _leads(practices.leads, lang) + _lending(practices.lending, lang), "norm": _apart([_norm(practices.norm, lang), *(text for name in AIMS if (text := aim_text(practices, name, lang)))], lang),
        **optional_texts(policy, lang),
        **({"people": people_text(policy.people, lang)} if policy.people is not None else {}),
    }


def shared_and_own(policies: Sequence[Policy], lang: str) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """What all policies have in common, by aspect; and by policy name, what is left."""
    texts = {policy.name: described(policy, lang) for policy in policies}
    aspects = [aspect for aspect in (*ASPECTS, *OPTIONAL) if any(aspect in text for text in texts.values())]
    for text in texts.values():
        if "people" in aspects:
            text.setdefault("people", people_text(None, lang))
    texts = {name: {aspect: text.get(aspect, say("policy.no_reports", lang)) for aspect in aspects} for name, text in texts.items()}
    same = [aspect for aspect in aspects if len({text[aspect] for text in texts.values()}) == 1]
    first = texts[policies[0].name]
    own = {name: {aspect: text[aspect] for aspect in aspects if aspect not in same} for name, text in texts.items()}
    return {aspect: first[aspect] for aspect in same}, own


def guesses(policy: Policy) -> dict[str, str]:
    """What the policy's file marks as assumed, with its reason, by place in the file."""
    practices = policy.practices
    parts = {**{f"pay.{name}": element for name, element in policy.pay.items()}, "terms": policy.terms, "crediting": policy.crediting,
             **{f"overrides.#{place}": override for place, override in enumerate(policy.overrides, start=1)},
             **{f"practices.{name}": getattr(practices, name) for name in type(practices).model_fields}, "portfolios": policy.portfolios, **_people_parts(policy),
             **{f"stand_ins.{name}": part for name, part in policy.stand_ins.items()}}
    return {place: part.assumed for place, part in parts.items() if part is not None and part.assumed}


def _people_parts(policy: Policy) -> dict[str, Sourced]:
    """The rules about people, by place in the file."""
    if policy.people is None:
        return {}
    parts: dict[str, Sourced] = {f"people.grades.{grade.name}": grade for grade in policy.people.grades}
    parts |= {f"people.{name}": part for name in type(policy.people).model_fields if isinstance(part := getattr(policy.people, name), Sourced)}
    return {"people": policy.people, **parts}


def _pay(policy: Policy, lang: str) -> Iterable[str]:
    """Every element, then what differs for some, then what the whole plan says beyond the usual."""
    names = names_of(policy, lang)
    yield from (element_text(name, element, lang, names) for name, element in policy.pay.items())
    yield from (override_text(policy, place, lang) for place in range(len(policy.overrides)))
    terms = [text for key, text in terms_text(policy.terms, lang, names).items() if getattr(policy.terms, key) != getattr(Terms(), key)]
    if terms:
        yield say("policy.terms", lang, what=_apart(terms, lang))
    crediting = [text for key, text in crediting_text(policy.crediting, lang).items()
                 if getattr(policy.crediting, key) != getattr(Crediting(), key)]
    if crediting:
        yield say("policy.crediting", lang, what=_apart(crediting, lang))
    if policy.stand_ins:
        yield say("policy.stand_ins", lang, what=stand_ins_text(policy, lang))


def stand_ins_text(policy: Policy, lang: str) -> str:
    """What counts in simulation for measures that no simulated branch has; empty where nothing stands in."""
    told = []
    for name, each in policy.stand_ins.items():
        parts = [say("policy.stand_in_times", lang, times=plain(times), measure=measure_text(other, lang))
                 for other, times in each.sum_of.items()]
        if each.value or not parts:
            amount = amount_text(each.value, name, lang)
            parts.insert(0, say("policy.stand_in_value", lang, amount=amount) if pay_measures()[name].over == "sum" else amount)
        told.append(say("policy.stand_in", lang, measure=measure_text(name, lang), what=" + ".join(parts)))
    return _apart(told, lang)


def names_of(policy: Policy, lang: str) -> dict[str, str]:
    """What people call the elements, by their names in the file."""
    return {name: getattr(element.label, lang) if element.label else name for name, element in policy.pay.items()}


def element_text(name: str, element: Element, lang: str, names: Names | None = None) -> str:
    """An element with its schedule, period and what bounds it. names: what other elements are called."""
    said = element_parts(element, lang, names)
    label = getattr(element.label, lang) if element.label else name
    main = say("policy.element", lang, label=label, schedule=said.pop("schedule"), period=say(f"policy.{element.period}", lang))
    return main + (say("policy.extras", lang, extras=_apart(said.values(), lang)) if said else "")


def element_parts(element: Element, lang: str, names: Names | None = None) -> dict[str, str]:
    """What an element says, part by part, each by the key of its field; the schedule first, then in the order of reckoning."""
    said: dict[str, str] = {"schedule": schedule_text(element, lang)}
    if element.target:
        said["target"] = target_text(element.target, element.measure, lang)
    if element.target_incentive is not None:
        amount = _cny(element.target_incentive, lang)
        said["target_incentive"] = say("policy.target_incentive", lang, amount=amount, period=say(f"policy.{element.period}", lang))
    if element.weight is not None:
        said["weight"] = say("policy.weight", lang, percent=_percent(element.weight, lang))
    if element.credit:
        said["credit"] = _credit(element.credit, lang)
    if element.credit_cap is not None:
        said["credit_cap"] = say("policy.credit_cap", lang, amount=amount_text(element.credit_cap, element.measure, lang))
    if element.windfall:
        said["windfall"] = say(f"policy.windfall_{element.windfall.treatment}", lang, percent=_percent(element.windfall.above, lang))
    if element.ramp:
        said["ramp"] = say("policy.ramp", lang, steps=_joined((_ramp_step(step, lang) for step in element.ramp), lang))
    if element.prorated is not None:
        said["prorated"] = say(f"policy.prorated_{element.prorated}", lang)
    if element.modifiers:
        said["modifiers"] = _apart((say("policy.modifier", lang, reading=reading_text(each.reading, lang),
                                        curve=curve_text(each.curve, each.reading.measure, lang)) for each in element.modifiers), lang)
    if element.gates:
        said["gates"] = _apart((_gate(gate, lang) for gate in element.gates), lang)
    for key in ("cap", "floor"):
        if (value := getattr(element, key)) is not None:
            said[key] = say(f"policy.{key}", lang, amount=plain(value))
    if element.less:
        said["less"] = say("policy.less", lang, names=_called(element.less, names, lang))
    if element.in_force:
        ends = {end: day.isoformat() for end in ("first", "last") if (day := getattr(element.in_force, end))}
        key = "in_force" if len(ends) == 2 else f"in_force_{next(iter(ends), 'open')}"
        said["in_force"] = say(f"policy.{key}", lang, **ends)
    if element.budget is not None:
        said["budget"] = say("policy.budget", lang, amount=_cny(element.budget, lang))
    if element.payee != "self":
        said["payee"] = say(f"policy.payee_{element.payee}", lang)
    if element.split:
        shares = _joined((f"{grade} {plain(weight)}" for grade, weight in (element.split.shares or {}).items()), lang)
        said["split"] = say(f"policy.split_{element.split.rule}", lang, **({"shares": shares} if shares else {}))
    if element.payment and (payment := _payment(element.payment, element.period, lang, names)):
        said["payment"] = payment
    return said


def schedule_text(element: Element, lang: str) -> str:
    """How an element pays, without its period."""
    return _schedule(element.schedule, Reading.model_construct(measure=element.measure, target=element.target), element, lang)


def _schedule(schedule: Any, own: Reading, element: Element, lang: str) -> str:
    """own: the reading the schedule pays for, if it names none itself."""
    measure = own.measure
    match schedule:
        case FixedSchedule():
            return _cny(schedule.amount, lang)
        case LinearSchedule():
            return _linear(schedule, own, element, lang)
        case TierSchedule():
            return _tiers(schedule, own, element, lang)
        case StepSchedule():
            steps = (say("policy.step", lang, mark=_apart_mark(step.mark, schedule.by, measure, lang), amount=_cny(step.pays, lang))
                     for step in schedule.at)
            text = say("policy.steps", lang, steps=_joined(steps, lang), measure=reading_text(own, lang, target=False))
            return text + _boundary(schedule.boundary, lang)
        case CurveSchedule():
            return say("policy.curve", lang, measure=reading_text(own, lang, target=False), curve=curve_text(schedule.curve, measure, lang))
        case MatrixSchedule():
            return _matrix(schedule, own, lang)
        case PriceSchedule():
            prices = (say("policy.linear", lang, rate=rate_text(price, each, lang), per=per_text(each, lang))
                      for each, price in schedule.prices.items())
            return say("policy.prices", lang, prices=_joined(prices, lang))
        case ScorecardSchedule():
            return _scorecard(schedule, lang)
        case SumSchedule():
            return say("policy.sum", lang).join(_schedule(part.schedule, part.reading or own, element, lang) for part in schedule.of)
    raise TypeError(f"a schedule without words: {schedule!r}")


def _linear(schedule: LinearSchedule, own: Reading, element: Element, lang: str) -> str:
    measure = own.measure
    rate = _base_rate(own, element, lang) if schedule.rate is None else rate_text(schedule.rate, measure, lang)
    mark = _apart_mark(schedule.threshold, schedule.by, measure, lang)
    text = say("policy.at_base_rate" if schedule.rate is None else "policy.linear", lang, rate=rate, per=_of(own, lang))
    if schedule.threshold:
        text += say(f"policy.{schedule.mode}", lang, mark=mark)
    elif schedule.mode != "from_threshold" or schedule.by != "units":
        mode, by = (known("policy.value", each, lang) for each in (schedule.mode, schedule.by))
        text += say("policy.threshold_none", lang, mode=mode, by=by)
    if schedule.shortfall_rate is not None:
        key, per = ("policy.shortfall_CNY", {}) if unit_of(measure) == "CNY" else ("policy.shortfall", {"per": per_text(measure, lang)})
        text += say(key, lang, rate=rate_text(schedule.shortfall_rate, measure, lang), mark=mark, **per)
    return text + _boundary(schedule.boundary, lang)


def _tiers(schedule: TierSchedule, own: Reading, element: Element, lang: str) -> str:
    chooses = schedule.lookup or own
    tiers: list[str] = []
    for tier in schedule.tiers:
        rate = _times_base_rate(tier.times or 0.0, own, element, lang) if tier.rate is None else rate_text(tier.rate, own.measure, lang)
        mark = {"start": mark_text(tier.start, schedule.by, chooses.measure, lang)} if tiers or tier.start else {}
        per = {} if tiers else {"per": _of(own, lang)}
        key = "tier" if tiers else "tier_first" if mark else "at_base_rate" if tier.rate is None else "linear"
        tiers.append(say(f"policy.{key}", lang, rate=rate, **mark, **per))
    text = say(f"policy.tiers_{schedule.mode}", lang, tiers=_joined(tiers, lang))
    if schedule.lookup:
        text = say("policy.tiers_lookup", lang, tiers=_joined(tiers, lang), reading=reading_text(schedule.lookup, lang))
    return text + _boundary(schedule.boundary, lang)


def _matrix(schedule: MatrixSchedule, own: Reading, lang: str) -> str:
    rows = []
    for row, pays in zip(schedule.rows, schedule.pays, strict=True):
        marks = (_apart_mark(column, schedule.by, schedule.other.measure, lang) for column in schedule.columns)
        cells = (say("policy.matrix_cell", lang, amount=_cny(amount, lang), mark=mark) for amount, mark in zip(pays, marks, strict=True))
        rows.append(say("policy.matrix_row", lang, mark=_apart_mark(row, schedule.by, own.measure, lang), cells=_joined(cells, lang)))
    text = say("policy.matrix", lang, measure=reading_text(own, lang, target=False), other=reading_text(schedule.other, lang),
               rows=_apart(rows, lang))
    return text + _boundary(schedule.boundary, lang)


def _scorecard(schedule: ScorecardSchedule, lang: str) -> str:
    told = []
    for name, each in schedule.indicators.items():
        parts = {"weight": _percent(each.weight, lang), "name": name, "reading": reading_text(each.reading, lang)}
        if each.curve:
            parts["curve"] = curve_text(each.curve, each.reading.measure, lang)
        told.append(say("policy.indicator_curve" if each.curve else "policy.indicator", lang, **parts))
    whole = {"curve": curve_text(schedule.curve, SCORE, lang)} if schedule.curve else {}
    return say(f"policy.scorecard_{schedule.combine}", lang, indicators=_joined(told, lang), **whole)


def _base_rate(own: Reading, element: Element, lang: str) -> str:
    """The base commission rate, with its value where the file gives a target."""
    if own.target is None or own.target.value is None or element.target_incentive is None:
        return say("policy.base_rate", lang)
    rate = element.target_incentive * (1.0 if element.weight is None else element.weight) / own.target.value
    return say("policy.base_rate_known", lang, rate=rate_text(_short(rate), own.measure, lang))


def base_rate_text(rate: float, measure: str | None, lang: str) -> str:
    """A rate with what it is paid on, to six digits."""
    return say("policy.linear", lang, rate=rate_text(_short(rate), measure, lang), per=per_text(measure, lang))


def _short(rate: float) -> float:
    return float(f"{rate:.6g}")


def _times_base_rate(times: float, own: Reading, element: Element, lang: str) -> str:
    return _base_rate(own, element, lang) if times == 1.0 else say("policy.base_rate_times", lang, times=plain(times))


def curve_text(curve: Curve, measure: str | None, lang: str) -> str:
    """The points of a curve, and how it runs between them."""
    points = (say("policy.point", lang, gives=_percent(point.gives, lang), mark=mark_text(point.mark, curve.by, measure, lang))
              for point in curve.points)
    key = "policy.line" if curve.shape == "line" else "policy.steps_of_curve"
    return say(key, lang, points=_joined(points, lang)) + _boundary(curve.boundary, lang)


# --- measures, marks and rates ----------------------------------------------------------------------------------------


def measure_text(measure: str | None, lang: str) -> str:
    """What a measure is called within a sentence."""
    if measure not in pay_measures():
        return measure or ""
    label = pay_measures()[measure].label[lang]
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def reading_text(reading: Reading, lang: str, target: bool = True) -> str:
    """A measure with the time it is read over and, if wanted, its target."""
    text = say(f"policy.over_{reading.over}", lang, measure=measure_text(reading.measure, lang))
    if reading.annualised:
        text = say("policy.annualised", lang, reading=text)
    if target and reading.target:
        text = say("policy.with_target", lang, reading=text, target=target_text(reading.target, reading.measure, lang))
    return text


def target_text(target: Target, measure: str | None, lang: str) -> str:
    """Where a target comes from."""
    if target.own_base:
        base, start = known("policy.value", target.own_base.of, lang), target.own_base.start
        first = "" if start is None else say("policy.target_own_start", lang, amount=amount_text(start, measure, lang))
        if target.own_base.times == 1.0:
            return say("policy.target_own_same", lang, base=base) + first
        return say("policy.target_own", lang, times=plain(target.own_base.times), base=base) + first
    if target.value is None:
        return say("policy.target_recorded", lang)
    amount = amount_text(target.value, measure, lang)
    if target.rent:
        return say("policy.target_rent", lang, amount=amount, among=known("policy.value", target.rent.among, lang),
                   strength=plain(target.rent.strength))
    return say("policy.target", lang, amount=amount)


def amount_text(value: float, measure: str | None, lang: str) -> str:
    """An amount of a measure with its unit."""
    if measure == SCORE:
        return say("policy.amount.score", lang, amount=_hundred(value))
    unit = unit_of(measure)
    if value == 1.0 and f"policy.amount_one.{unit}" in labels():
        return say(f"policy.amount_one.{unit}", lang)
    return say(f"policy.amount.{unit}", lang, **{"percent": _hundred(value)} if unit == "share" else {"amount": plain(value)})


def mark_text(mark: float, by: str, measure: str | None, lang: str) -> str:
    """Where a schedule begins or turns: a share of the target, or units of the measure."""
    return say("policy.of_target", lang, percent=_hundred(mark)) if by == "attainment" else amount_text(mark, measure, lang)


def _apart_mark(mark: float, by: str, measure: str | None, lang: str) -> str:
    """A mark within a Chinese phrase, where figures are set off by a blank and words are not."""
    text = mark_text(mark, by, measure, lang)
    return f" {text}" if lang == "zh" and text[0].isascii() else text


def rate_text(rate: float, measure: str | None, lang: str) -> str:
    """A rate as the reader reckons: per cent of money, CNY a percentage point of a share, CNY a unit of all else."""
    unit = unit_of(measure)
    return _percent(rate, lang) if unit == "CNY" else _cny(float(Fraction(repr(rate)) / 100) if unit == "share" else rate, lang)


def per_text(measure: str | None, lang: str) -> str:
    """What a rate is paid on."""
    if own := labels().get(f"policy.per.{measure}"):
        return own[lang]
    return say(f"policy.per_unit.{unit_of(measure)}", lang, measure=measure_text(measure, lang))


def _of(reading: Reading, lang: str) -> str:
    """What a rate is paid on, with the time it is read over where that is not the element's period."""
    if reading.over == "period" and not reading.annualised:
        return per_text(reading.measure, lang)
    return say(f"policy.per_unit.{unit_of(reading.measure)}", lang, measure=reading_text(reading, lang, target=False))


def plain(value: float) -> str:
    """A number as the file has it, with thousands apart."""
    return f"{value:,.10g}".replace("-", MINUS)


def _hundred(share: float) -> str:
    """A share in hundredths, without the noise of binary fractions."""
    return plain(float(Fraction(repr(float(share))) * 100))


def _percent(share: float, lang: str) -> str:
    return say("list.percent", lang, number=_hundred(share))


def _cny(amount: float, lang: str) -> str:
    return say("policy.cny", lang, amount=plain(amount))


def _joined(items: Iterable[str], lang: str) -> str:
    return say("list.comma", lang).join(items)


def _apart(items: Iterable[str], lang: str) -> str:
    """Items that hold commas themselves."""
    return say("list.semicolon", lang).join(items)


def _called(elements: Sequence[str], names: Names | None, lang: str) -> str:
    return listed([(names or {}).get(name, name) for name in elements], lang)


def _boundary(boundary: str | None, lang: str) -> str:
    return say(f"policy.{boundary}", lang) if boundary else ""


# --- around the schedule ----------------------------------------------------------------------------------------------


def _credit(credit: Credit, lang: str) -> str:
    text = say(f"policy.credit_{credit.rule}", lang)
    return say("policy.credit_grades", lang, credit=text, grades=listed(credit.grades, lang)) if credit.grades else text


def _ramp_step(step: RampStep, lang: str) -> str:
    key = "policy.ramp_step" if step.accelerators else "policy.ramp_step_flat"
    return say(key, lang, quota=_percent(step.quota, lang), month=step.until_month)


def _gate(gate: Gate, lang: str) -> str:
    measure = gate.reading.measure
    if gate.attainment is not None:
        mark = say("policy.gate_at_least", lang, amount=mark_text(gate.attainment, "attainment", measure, lang))
    elif gate.at_least is not None:
        mark = say("policy.gate_at_least", lang, amount=amount_text(gate.at_least, measure, lang))
    else:
        mark = say("policy.gate_at_most", lang, amount=amount_text(gate.at_most or 0.0, measure, lang))
    otherwise = (say(f"policy.gate_share_{gate.of}", lang, percent=_percent(gate.otherwise, lang)) if gate.otherwise
                 else say(f"policy.gate_nothing_{gate.of}", lang))
    return say("policy.gate", lang, otherwise=otherwise, reading=reading_text(gate.reading, lang), mark=mark)


def _payment(payment: Payment, period: str, lang: str, names: Names | None) -> str:
    told = [say(f"policy.{key}", lang, period=say(f"policy.{every}", lang))
            for key in ("calculated", "every") if (every := getattr(payment, key))]
    if (months := payment.delay_months) is not None:
        told.append(say("policy.delay_month", lang) if months == 1 else say("policy.delay_months", lang, count=months))
    if payment.advance is not None:
        told.append(say("policy.advance", lang, percent=_percent(payment.advance, lang), period=say(f"policy.{period}", lang)))
    if payment.hold_back:
        told.append(_hold_back(payment.hold_back, lang))
    if payment.clawback:
        told.append(_clawback(payment.clawback, lang))
    if payment.carry_over:
        told.append(say("policy.carry_over", lang, names=_called(payment.carry_over, names, lang)))
    return _joined(told, lang)


def _hold_back(held: HoldBack, lang: str) -> str:
    release = (say("policy.release", lang, percent=_percent(each.share, lang), count=each.after_months) for each in held.release)
    text = say("policy.hold_back", lang, percent=_percent(held.share, lang), release=_joined(release, lang))
    gates = _joined((_gate(gate, lang) for gate in held.malus), lang)
    return say("policy.malus", lang, hold_back=text, gates=gates) if gates else text


def _clawback(back: Clawback, lang: str) -> str:
    steps = _joined((say("policy.clawback_step", lang, percent=_percent(step.share, lang), month=step.until_month)
                     for step in back.steps or ()), lang)
    return say(f"policy.clawback_{back.recovery}", lang, count=back.within_months, **({"steps": steps} if steps else {}))


# --- overrides, terms and crediting -----------------------------------------------------------------------------------


def override_text(policy: Policy, place: int, lang: str) -> str:
    """For whom, and what it says otherwise."""
    return say("policy.override", lang, who=whom_text(policy.overrides[place], lang), what=changed_text(policy, place, lang))


def changed_text(policy: Policy, place: int, lang: str) -> str:
    """What an override says otherwise, element by element."""
    override = policy.overrides[place]
    names, pay = names_of(policy, lang), policy.pay_with([place])
    told = [_instead(name, policy.pay.get(name), pay.get(name), lang, names) for name in override.pay]
    return _apart(told, lang)


def _instead(name: str, usual: Element | None, now: Element | None, lang: str, names: Names) -> str:
    """What an override makes of an element: what is said otherwise, the whole of a new one, or that there is none."""
    label = names.get(name, name)
    if now is None:
        return say("policy.without", lang, label=label)
    if usual is None or usual.period != now.period:
        return element_text(name, now, lang, names)
    before, after = element_parts(usual, lang, names), element_parts(now, lang, names)
    told = [text for key, text in after.items() if before.get(key) != text]
    if not told or any(key not in after for key in before):
        return element_text(name, now, lang, names)
    return say("policy.instead", lang, label=label, what=_joined(told, lang))


def whom_text(override: Override, lang: str) -> str:
    """For whom an override holds, and when."""
    who = [say(f"policy.for_{key}", lang, name=name) for key in ("grade", "state", "person") if (name := getattr(override, key))]
    when = [say(f"policy.for_{key}", lang, month=month) for key in ("first", "last") if (month := getattr(override, key))]
    return say("list.space", lang).join([_joined(who or [say("policy.for_everybody", lang)], lang), *when])


def terms_text(terms: Terms, lang: str, names: Names | None = None) -> dict[str, str]:
    """What holds for the whole plan, by the key of its field."""
    told = {"rounding": say(f"policy.rounding_{terms.rounding}", lang), "prorated": say(f"policy.prorated_{terms.prorated}", lang),
            "reported": say("policy.reported", lang, period=say(f"policy.{terms.reported}", lang))}
    if terms.ceiling:
        period = say(f"policy.{terms.ceiling.period}", lang)
        told["ceiling"] = say("policy.ceiling", lang, amount=_cny(terms.ceiling.amount, lang), period=period)
    for key in ("draw", "guarantee"):
        if term := getattr(terms, key):
            until = say("policy.until_month", lang, month=term.until_month) if term.until_month else ""
            told[key] = say(f"policy.{key}", lang, amount=_cny(term.amount, lang), names=_called(term.of, names, lang), until=until)
    return told


def crediting_text(crediting: Crediting, lang: str, names: Names | None = None) -> dict[str, str]:
    """Which deals count, and when, by the key of its field."""
    told = {"event": say("policy.event", lang, event=known("policy.value", crediting.event, lang))}
    if crediting.events:
        events = (say("policy.event_of", lang, measure=measure_text(measure, lang), event=known("policy.value", event, lang))
                  for measure, event in crediting.events.items())
        told["events"] = _joined(events, lang)
    if crediting.excluded_origins:
        told["excluded_origins"] = say("policy.excluded", lang, origins=listed(crediting.excluded_origins, lang))
    return told


# --- practices --------------------------------------------------------------------------------------------------------


def pairing_text(pairing: MentorPairing, lang: str) -> str:
    """Who is paired with whom, and how."""
    if pairing.rule == "none":
        return say("policy.no_pairs", lang)
    pairs = [say("list.pair", lang, mentor=mentor, mentee=mentee) for mentor, mentee in pairing.pairs or ()]
    who = listed(pairs, lang) or say(f"policy.{pairing.rule}", lang, count="" if pairing.count is None else pairing.count)
    return say("policy.pairs", lang, who=who, bundled=say("policy.bundled" if pairing.bundled else "policy.apart", lang),
               participation=say(f"policy.{pairing.participation}", lang), minutes=plain(pairing.minutes_per_day))


def _reporting(reporting: Reporting, lang: str) -> str:
    if reporting.every_days is None:
        return say("policy.no_reports", lang)
    seen = reporting.visible if isinstance(reporting.visible, str) else "chosen"
    days = say("policy.every_day", lang) if reporting.every_days == 1 else say("policy.every_days", lang, days=reporting.every_days)
    return say("policy.reports", lang, days=days, minutes=plain(reporting.minutes), time=say(f"policy.{reporting.time}", lang),
               seen=say(f"policy.seen_{seen}", lang), accountability=plain(reporting.accountability))


def _leads(leads: Leads, lang: str) -> str:
    channels = say("list.comma", lang).join(known("policy.channel", channel, lang) for channel in leads.channels)
    return say("policy.leads" if leads.channels else "policy.leads_only", lang, share=f"{100 * leads.assigned_share:g}", channels=channels)


def _lending(lending: Lending, lang: str) -> str:
    """Rules for loans, if there are any."""
    told = "" if lending.decline_above >= 1 else say("policy.declined", lang, chance=f"{100 * lending.decline_above:g}")
    return told if lending.limit is None else told + say("policy.owed", lang, limit=f"{lending.limit:,.0f}")


def _norm(norm: Norm, lang: str) -> str:
    weights = [f"{known('cohorts', cohort, lang)} {plain(weight)}" for cohort, weight in norm.status.items()]
    status = say("policy.weights", lang, weights=say("list.comma", lang).join(weights)) if weights else say("policy.equal", lang)
    return say("policy.norm", lang, status=status, telling=say(f"policy.tell_{norm.telling}", lang))


def aim_text(practices: Practices, name: str, lang: str) -> str:
    """One of `AIMS` in words, field by field; nothing where the policy has none."""
    practice = getattr(practices, name)
    if practice is None:
        return ""
    told = [say("policy.aim_part", lang, field=known("policy.field", key, lang), value=_aim_value(key, value, lang))
            for key, value in practice.model_dump(exclude_none=True, exclude={"source", "assumed"}).items() if value != ()]
    return say("policy.aim", lang, practice=known("policy.field", name, lang), what=say("list.comma", lang).join(told))


def _aim_value(key: str, value: object, lang: str) -> str:
    if isinstance(value, bool):
        return say(f"policy.change.{str(value).lower()}", lang)
    if isinstance(value, tuple):
        return say("list.comma", lang).join(plain(each) for each in value)
    if isinstance(value, str):
        return measure_text(value, lang) if key == "measure" else known("policy", value, lang) if key == "period" else known("policy.value", value, lang)
    return plain(value)


def cut_periods(scenario: Scenario, lang: str) -> list[str]:
    """A sentence for each month or quarter that the horizon cuts, as its pay is settled in full."""
    return [say("limits.cut", lang, period=period, lived=lived, there=there) for period, lived, there in partly_lived(scenario.timeline)]
