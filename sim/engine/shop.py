"""From a scenario and a policy to the numbers that customers in full, service standards and portfolio rules read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sim.engine.state import (
    ALLOCATIONS, BOARD, CLASS_MOST, CLIENT, CONTACT_WAYS, DEAL_ROOM, DEAL_ROW, PAY_MEASURES, PREFERRED, PRODUCT, PRODUCTS, QUEUE,
    RECEPTION_STEPS, RETAIL, SELLER, SHOP_NUMBERS, SOLD, SOLD_AT_END, WAY, Full, Practice, Shop, World, rows,
)
from sim.engine.streams import branch_key
from sim.world.catalogue import load_catalogue

if TYPE_CHECKING:
    from sim.policy.schema import Policy
    from sim.world.scenario import Scenario

SPREAD_POINTS = 481
DAYS_A_YEAR, WORKING_DAYS_A_YEAR = 365, 250
DEAL_STAGE_NAMES = ("insider", "information", "decider")
BUILT = {"branch", "year_days", "deal_hours", "mean_needs"}        # fields that are no parameter
LOGARITHMS = {"deal_value_log_median": "deal_value_median"}


def segment_names(scenario: Scenario) -> list[str]:
    """The segments that have customers here, in the order of the file."""
    return [name for name, share in scenario.parameter("segment_share").entries() if share > 0.0]


def shop_of(scenario: Scenario, branch: str) -> Shop:
    """The catalogue with its prices, what customers of each segment need, channels of contact, and the numbers of the mechanisms."""
    par, segments = rows(SHOP_NUMBERS, 1)[0], segment_names(scenario)
    for field in SHOP_NUMBERS.names or ():
        if field not in BUILT:
            value = scenario.effective(LOGARITHMS.get(field, field))
            par[field] = math.log(value) if field in LOGARITHMS else value
    par.branch = branch_key(branch)
    par.year_days = DAYS_A_YEAR if scenario.calendar.weekends else WORKING_DAYS_A_YEAR
    par.deal_hours[:] = [scenario.effective("deal_hours", stage) for stage in DEAL_STAGE_NAMES]
    needs = np.array([[scenario.effective(f"need_{segment}", product) for product in PRODUCTS] for segment in segments])
    shares = np.array([scenario.effective("segment_share", name) for name in segments])
    par.mean_needs[:] = shares @ needs / shares.sum()
    return Shop(par, _products(scenario), _ways(scenario), needs, _spread(scenario))


def _products(scenario: Scenario) -> np.recarray:
    goods = rows(PRODUCT, len(PRODUCTS))
    for row, (name, product) in zip(goods, load_catalogue().items(), strict=True):
        row.fee, row.margin = scenario.effective("product_fee", name), scenario.effective("product_margin", name)
        row.part, row.part_sd = scenario.effective("product_part", name), scenario.effective("product_part_sd", name)
        row.measure = PAY_MEASURES.index(product.measure) if product.measure else -1
        row["items"] = PAY_MEASURES.index(product.items) if product.items else -1
        row.repeats = product.repeats
    return goods


def _ways(scenario: Scenario) -> np.recarray:
    ways = rows(WAY, PREFERRED)
    for row, name in zip(ways, CONTACT_WAYS, strict=False):
        row.time, row.gain = scenario.effective("way_time", name), scenario.effective("way_gain", name)
        row.irritation, row.share = scenario.effective("way_irritation", name), scenario.effective("way_preferred", name)
    ways.share /= max(ways.share.sum(), 1e-12)
    return ways


def _spread(scenario: Scenario) -> np.ndarray:
    """Logarithm of a gamma distributed need over its mean, at evenly spaced normal scores from -6 to 6."""
    from scipy.special import gammainccinv, gammaincinv, ndtr

    shape, z = scenario.effective("need_shape"), np.linspace(-6.0, 6.0, SPREAD_POINTS)
    quantiles = np.where(z < 0.0, gammaincinv(shape, ndtr(z)), gammainccinv(shape, ndtr(-z)))
    return np.log(np.maximum(quantiles, 1e-300) / shape)


def retail_of(policy: Policy, scenario: Scenario) -> np.record:
    """The policy's service standard, reception and portfolio rules in numbers; the world's value classes where it says nothing."""
    q = rows(RETAIL, 1)[0]
    service, reception, portfolios = policy.practices.service, policy.practices.reception, policy.portfolios
    marks = [number for _, number in scenario.parameter("class_from").entries()]
    tiers = service.tiers if service else ()
    if tiers:
        for place, tier in enumerate(tiers):
            q.above[place], q.every[place] = tier.above, tier.every_days or 0.0
            q.way[place] = CONTACT_WAYS.index(tier.channel)
        q.standard, q.classes = 1, len(tiers)
    else:
        q.above[1 : 1 + len(marks)], q.classes = marks, 1 + len(marks)
    if service and service.reviews:
        q.review_above, q.review_months = service.reviews.above, {"month": 1, "quarter": 3}[service.reviews.every]
    if reception:
        q.reception, q.discipline = 1, reception.discipline
        q.steps[[RECEPTION_STEPS.index(step) for step in reception.steps]] = 1.0
    if portfolios:
        q.allocation = 1 + ALLOCATIONS.index(portfolios.allocation)
        for place, name in enumerate(segment_names(scenario)):
            q.span[place] = portfolios.spans.get(name, 0)
    return q


def further_parts(w: World, q: Practice) -> bool:
    """Whether anything beyond the short day is in force: customers in full, loans, goals and gaming, careers, portfolio rules, pay that
    reads facts or months gone by."""
    return bool(w.par.customer_detail > 0.0 or w.lending.lending > 0.0 or q.aims.on or w.par.quit_hazard > 0.0 or q.people.rules
                or q.retail.allocation or q.par.remembers)


def new_full(w: World, q: Practice, room: int) -> Full | None:
    """Empty room for what `further_parts` needs; None where there are none. room: rows for customers."""
    if not further_parts(w, q):
        return None
    n, days, weeks, in_full = len(w.people), len(w.days), int(w.days.week[-1]) + 1, w.par.customer_detail > 0.0
    assert w.shop is not None
    return Full(
        *w.shop, rows(CLIENT, room if in_full else 0), rows(SELLER, n), rows(QUEUE, n, CLASS_MOST), rows(DEAL_ROW, n, DEAL_ROOM),
        np.full(days, -1, dtype=np.int64), rows(BOARD, 1)[0], np.zeros((weeks, n, len(SOLD) if in_full else 0)),
        np.zeros((n, len(SOLD_AT_END) if in_full else 0)), rows(SELLER, 1)[0],
    )


def larger_full(f: Full | None, room: int) -> Full | None:
    """The same with room for more customers."""
    if f is None or not len(f.clients):
        return f
    clients = rows(CLIENT, room)
    clients[: len(f.clients)] = f.clients
    return f._replace(clients=clients)
