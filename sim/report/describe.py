"""A policy in words: what it pays and what it has people do, for a table of what was compared."""

from __future__ import annotations

from collections.abc import Sequence

from sim.policy import Element, FixedSchedule, LinearSchedule, MentorPairing, Policy, Reporting, StepSchedule, TierSchedule
from sim.policy.schema import Leads, Norm
from sim.report.words import known, listed, say
from sim.world import Scenario
from sim.world.calendar import partly_lived

ASPECTS = ("pay", "pairing", "reporting", "leads", "norm")


def described(policy: Policy, lang: str) -> dict[str, str]:
    """A short text for each of `ASPECTS`."""
    practices = policy.practices
    return {
        "pay": say("list.semicolon", lang).join(element_text(name, element, lang) for name, element in policy.pay.items()),
        "pairing": pairing_text(practices.mentor_pairing, lang), "reporting": _reporting(practices.reporting, lang),
        "leads": _leads(practices.leads, lang), "norm": _norm(practices.norm, lang),
    }


def shared_and_own(policies: Sequence[Policy], lang: str) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """What all policies have in common, by aspect; and by policy name, what is left."""
    texts = {policy.name: described(policy, lang) for policy in policies}
    same = [aspect for aspect in ASPECTS if len({text[aspect] for text in texts.values()}) == 1]
    first = texts[policies[0].name]
    own = {name: {aspect: text[aspect] for aspect in ASPECTS if aspect not in same} for name, text in texts.items()}
    return {aspect: first[aspect] for aspect in same}, own


def guesses(policy: Policy) -> dict[str, str]:
    """What the policy's file marks as assumed, with its reason, by place in the file."""
    practices = policy.practices
    parts = {**{f"pay.{name}": element for name, element in policy.pay.items()},
             **{f"practices.{name}": getattr(practices, name) for name in type(practices).model_fields}}
    return {place: part.assumed for place, part in parts.items() if part.assumed}


def element_text(name: str, element: Element, lang: str) -> str:
    """An element with its schedule, period and what bounds it."""
    label = getattr(element.label, lang) if element.label else name
    extras = [say(f"policy.{key}", lang, amount=plain(value)) for key in ("cap", "floor") if (value := getattr(element, key)) is not None]
    if element.payee != "self":
        extras.append(say(f"policy.payee_{element.payee}", lang))
    if element.target:
        extras.append(say("policy.target", lang, amount=plain(element.target.value)))
    after = say("policy.extras", lang, extras=say("list.comma", lang).join(extras)) if extras else ""
    return say("policy.element", lang, label=label, schedule=schedule_text(element, lang), period=say(f"policy.{element.period}", lang)) + after


def schedule_text(element: Element, lang: str) -> str:
    """How an element pays, without its period."""
    schedule, measure = element.schedule, known("policy.per", element.measure or "", lang)
    if isinstance(schedule, FixedSchedule):
        return say("policy.fixed", lang, amount=plain(schedule.amount))
    if isinstance(schedule, LinearSchedule):
        threshold = say(f"policy.{schedule.mode}", lang, mark=_mark(schedule.threshold, schedule.by, lang)) if schedule.threshold else ""
        return say("policy.linear", lang, rate=plain(schedule.rate), measure=measure) + threshold
    if isinstance(schedule, TierSchedule):
        tiers = [say("policy.tier", lang, start=_mark(tier.start, schedule.by, lang), rate=plain(tier.rate)) for tier in schedule.tiers]
        return say(f"policy.tiers_{schedule.mode}", lang, tiers=say("list.comma", lang).join(tiers), measure=measure)
    assert isinstance(schedule, StepSchedule)
    steps = [say("policy.step", lang, mark=_mark(step.mark, schedule.by, lang), amount=plain(step.pays)) for step in schedule.at]
    return say("policy.steps", lang, steps=say("list.comma", lang).join(steps), measure=measure)


def _mark(mark: float, by: str, lang: str) -> str:
    return say("policy.of_target", lang, percent=f"{100 * mark:g}") if by == "attainment" else plain(mark)


def plain(value: float) -> str:
    """A number as the file has it, with thousands apart."""
    return f"{value:,.10g}"


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


def _norm(norm: Norm, lang: str) -> str:
    weights = [f"{known('cohorts', cohort, lang)} {plain(weight)}" for cohort, weight in norm.status.items()]
    status = say("policy.weights", lang, weights=say("list.comma", lang).join(weights)) if weights else say("policy.equal", lang)
    return say("policy.norm", lang, status=status, telling=say(f"policy.tell_{norm.telling}", lang))


def cut_periods(scenario: Scenario, lang: str) -> list[str]:
    """A sentence for each month or quarter that the horizon cuts, as its pay is settled in full."""
    return [say("limits.cut", lang, period=period, lived=lived, there=there) for period, lived, there in partly_lived(scenario.timeline)]
