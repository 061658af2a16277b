"""Prospecting: hours become contacts, contacts become accounts (docs/model.md, "Prospecting")."""

from __future__ import annotations

import math

from sim.compiled import rule
from sim.rules.powers import power


@rule
def conversion(skill: float, unskilled: float, skilled: float) -> float:
    """Chance that a contact converts: linear in skill (0 to 1) between the unskilled and the skilled chance."""
    return unskilled + (skilled - unskilled) * skill


@rule
def access(assigned_share: float, neglect: float) -> float:
    """Share of a channel that managers still work when a share of accounts is handed to them: (1 - share)^neglect.

    neglect = 0: the channel does not care. Share 0: full access. Share 1: closed (where neglect > 0).
    """
    if neglect == 0.0:
        return 1.0
    return math.pow(1.0 - assigned_share, neglect)


@rule
def order_attention(rank: int, pull: float) -> float:
    """Attention to the channel of this rank (0 is first) in the list given out: exp(-pull rank). pull = 0: order is idle."""
    return math.exp(-pull * rank)


@rule
def reach(hours: float, eta: float) -> float:
    """What hours bring, counted in first hours: h^eta (eta below 1: each hour brings less than the one before)."""
    return power(hours, eta) if hours > 0.0 else 0.0


@rule
def mean_contacts(reached: float, pace: float, fresh_share: float) -> float:
    """Fresh contacts a day: pace x reach, thinned by the share of the pool not worked lately (finite pools saturate)."""
    return pace * reached * fresh_share


@rule
def partner_worth(leads_a_day: float, fade: float, days: float) -> float:
    """Leads to come in `days` from an intermediary won today, whose flow fades at rate `fade` a day.

    fade = 0: leads_a_day x days.
    """
    if fade <= 0.0:
        return leads_a_day * days
    return leads_a_day * (1.0 - math.exp(-fade * days)) / fade


@rule
def blocked(open_problems: float, block: float) -> float:
    """Share of conversion left while problems wait for an answer: exp(-block x open problems)."""
    return math.exp(-block * open_problems)
