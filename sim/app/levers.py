"""The few settings of a policy that the explorer moves, and the policy they make."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from sim.app.words import say
from sim.policy import Element, FixedSchedule, LinearSchedule, Policy

BASE, COMMISSION = "base", "commission"  # the elements of pay that are moved; others stay as they are
YOURS = "your-scheme"
USUAL_COMMISSION = 600.0  # CNY an account, as in the library's performance-pay
USUAL_DAYS, USUAL_MINUTES = 7, 60  # a meeting as in the first quarter of 2015

Pay = Literal["fixed", "performance"]
Pairing = Literal["none", "unbundled", "bundled"]


@dataclass(frozen=True)
class Levers:
    """base: CNY a month. commission: CNY an account. minutes: of each meeting. assigned_share: of leads, 0 to 1."""

    pay: Pay
    base: float
    commission: float
    pairing: Pairing
    meetings: bool
    every_days: int
    minutes: float
    assigned_share: float


def levers_of(policy: Policy) -> Levers:
    """Where the levers stand in a policy; where it leaves one without a meaning, at a usual value."""
    base, commission = policy.pay.get(BASE), policy.pay.get(COMMISSION)
    pairs, reporting = policy.practices.mentor_pairing, policy.practices.reporting
    return Levers(
        pay="performance" if commission else "fixed",
        base=base.schedule.amount if base and isinstance(base.schedule, FixedSchedule) else 0.0,
        commission=commission.schedule.rate if commission and _pays_by_account(commission) else USUAL_COMMISSION,
        pairing="none" if pairs.rule == "none" else "bundled" if pairs.bundled else "unbundled",
        meetings=reporting.every_days is not None,
        every_days=reporting.every_days or USUAL_DAYS,
        minutes=reporting.minutes if reporting.every_days else USUAL_MINUTES,
        assigned_share=policy.practices.leads.assigned_share,
    )


def out_of_reach(policy: Policy) -> list[str]:
    """The elements of pay that the levers cannot move."""
    movable = {BASE: lambda element: isinstance(element.schedule, FixedSchedule), COMMISSION: _pays_by_account}
    return [name for name, element in policy.pay.items() if name not in movable or not movable[name](element)]


def _pays_by_account(element: Element) -> bool:
    """Whether an element pays a stated rate an account, which the lever sets."""
    return isinstance(element.schedule, LinearSchedule) and element.schedule.rate is not None and element.measure == "accounts"


def moved(policy: Policy, levers: Levers) -> Policy:
    """The policy with the levers where they are now; what was not moved stays to the letter. Errors: InputError."""
    title = {lang: say("explorer.yours", lang) for lang in ("en", "zh")}
    changes: dict[str, Any] = {"title": title, "label": title, "status": "proposed"}
    before = levers_of(policy)
    different = {key for key, value in asdict(levers).items() if value != getattr(before, key)}
    if "base" in different and BASE in policy.pay:
        changes[f"pay.{BASE}.schedule.amount"] = float(levers.base)
    elif "base" in different:
        changes[f"pay.{BASE}"] = {"period": "month", "schedule": {"kind": "fixed", "amount": float(levers.base)}}
    if levers.pay == "fixed" and before.pay == "performance":
        changes[f"pay.{COMMISSION}"] = None
    elif levers.pay == "performance" and before.pay == "fixed":
        schedule = {"kind": "linear", "rate": float(levers.commission)}
        changes[f"pay.{COMMISSION}"] = {"measure": "accounts", "period": "month", "schedule": schedule}
    elif levers.pay == "performance" and "commission" in different and _pays_by_account(policy.pay[COMMISSION]):
        changes[f"pay.{COMMISSION}.schedule.rate"] = float(levers.commission)
    if "pairing" in different:
        changes |= _pairing(levers.pairing, before.pairing)
    if {"meetings", "every_days"} & different:
        changes["practices.reporting.every_days"] = int(levers.every_days) if levers.meetings else None
    if levers.meetings and {"meetings", "minutes"} & different:
        changes["practices.reporting.minutes"] = float(levers.minutes)
    if "assigned_share" in different:
        changes["practices.leads.assigned_share"] = float(levers.assigned_share)
    return policy.with_changes(changes, name=YOURS)


def _pairing(now: Pairing, before: Pairing) -> dict[str, Any]:
    """Pairs of the policy stay who they are; where it has none, the best are paired with the newest."""
    place = "practices.mentor_pairing"
    if now == "none":
        return {place: None}
    if before == "none":
        return {f"{place}.rule": "best_with_newest", f"{place}.bundled": now == "bundled"}
    return {f"{place}.bundled": now == "bundled"}
