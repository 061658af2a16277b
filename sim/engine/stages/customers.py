"""Customers: how they come into a branch, and stage 4, service, satisfaction and churn."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import rule, wide
from sim.engine.lanes import ON_SERVICE
from sim.engine.stages.chances import reached
from sim.engine.state import F_CHURNED, F_CUSTOMERS, F_GRADE, F_IN_POST, F_MORALE, F_SATISFACTION, F_TENURE, R_CONTACTS, SERVICE, SERVICE_CONTACTS, State, World
from sim.engine.streams import (
    ALWAYS, CENTRAL, CHURN, HAZARD, SATISFACTION, SEGMENT, START_BALANCE, central, mix, normal, on, outer, poisson, stream,
    uniform,
)
from sim.policy.kernel import PERIODS
from sim.rules.customers import contacted, exposure
from sim.rules.fading import decayed
from sim.rules.prospecting import mean_contacts

LASTING = (SEGMENT, START_BALANCE, SATISFACTION, HAZARD, CHURN)       # what a customer at the start draws once
AT_ONCE = 256


class Luck(NamedTuple):
    """What a customer draws that lasts: a standard normal score for satisfaction at the start, a share of the table of hazards, patience."""

    satisfaction: float
    hazard: float
    patience: float


@rule
def luck_of(seed: np.uint64, seat: np.uint64, number: int) -> Luck:
    """Drawn by the seat and the customer's own number."""
    return Luck(normal(uniform(stream(seed, SATISFACTION, seat, ALWAYS), number)), uniform(stream(seed, HAZARD, seat, ALWAYS), number),
                -math.log(uniform(stream(seed, CHURN, seat, ALWAYS), number)))


@rule
def settle_customer(s: State, w: World, seed: np.uint64, i: int, row: int, day: int, balance: float, segment: int,
                    number: int) -> None:
    """Write a customer into the arrays and into manager i's book. number: the customer's own, for the draws."""
    seat = s.people[i].seat
    admit(s, w, luck_of(seed, seat, number), seat, i, row, day, balance, segment, number, True)


@rule
def admit(s: State, w: World, luck: Luck, home: np.uint64, i: int, row: int, day: int, balance: float, segment: int, number: int,
          managed: bool) -> None:
    """Write a customer into the arrays and into manager i's book, unless nobody manages the customer. home: seat whose luck is drawn."""
    c = s.customers[row]
    c.owner, c.segment, c.balance, c.seen = i, segment, balance, day
    c.luck = home ^ mix(np.uint64(number))
    c.satisfaction = min(1.0, max(0.0, w.par.satisfaction_start + w.par.satisfaction_spread * luck.satisfaction))
    c.irritation, c.borrows = 0.0, 0
    place = luck.hazard * (len(w.hazards) - 1)
    below = int(place)
    c.hazard = w.hazards[below] + (place - below) * (w.hazards[below + 1] - w.hazards[below])
    c.patience = luck.patience
    if managed:
        s.book[i, s.managers[i].held] = row
        s.managers[i].held += 1
    s.tally.customers = row + 1


@rule
def populate(s: State, w: World, seed: np.uint64) -> None:
    """The customers at the start: segments, lognormal balances, satisfaction, hazard and patience, drawn by (manager, number).

    Many at a time, one purpose after another, which keeps the machine's wide registers busy.
    """
    room, places = np.empty((len(LASTING) + 2, AT_ONCE)), np.empty(AT_ONCE, np.int64)
    for i in range(len(s.managers)):
        seat, portfolio = s.people[i].seat, int(s.people[i].portfolio)
        for first in range(0, portfolio, AT_ONCE):
            count = min(AT_ONCE, portfolio - first)
            for k in range(len(LASTING)):
                draw(stream(seed, LASTING[k], seat, ALWAYS), first, room[k, :count])
            segments, balances, moods, hazards, patience = room[0], room[5], room[6], room[3], room[4]
            to_normal(room[1, :count], balances, places)
            to_normal(room[2, :count], moods, places)
            for c in range(count):
                patience[c] = -math.log(patience[c])
            for c in range(count):
                segment = segment_of(w, segments[c])
                kind = w.segments[segment]
                balance = math.exp(kind.balance_log_median + kind.balance_log_sd * balances[c])
                admit(s, w, Luck(moods[c], hazards[c], patience[c]), seat, i, s.tally.customers, 0, balance, segment, first + c, True)


@wide
def to_normal(draws: np.ndarray, into: np.ndarray, places: np.ndarray) -> None:
    """Uniform draws made standard normal: all as though they were central, then those anew that are not, as `normal` has it."""
    count = 0
    for n in range(len(draws)):
        into[n] = central(draws[n] - 0.5)
    for n in range(len(draws)):
        places[count] = n
        count += 1 if abs(draws[n] - 0.5) > CENTRAL else 0
    for n in places[:count]:
        into[n] = outer(draws[n])


@rule
def draw(key: np.uint64, first: int, into: np.ndarray) -> None:
    """Uniform draws of one purpose, from number `first` on."""
    for n in range(len(into)):
        into[n] = uniform(key, first + n)


@rule
def segment_of(w: World, u: float) -> int:
    """The segment that a draw falls into."""
    segment = 0
    for k in range(len(w.segments) - 1):
        segment += 1 if u >= w.segments[k].cut else 0
    return segment


@rule
def serve(s: State, w: World, day: int) -> None:
    """Service hours become contacts, in the order of the book, round and round; satisfaction and churn catch up there."""
    for i in range(len(s.managers)):
        hours = s.managers[i].hours[SERVICE]
        if hours <= 0.0 or s.managers[i].held == 0:
            continue
        mean = mean_contacts(reached(s.managers[i], SERVICE, hours, w.par.effort_eta), w.par.service_pace, 1.0) * w.days[day].demand
        contacts = poisson(uniform(on(s.lanes[i, ON_SERVICE], day), 0), mean)
        made = 0
        for _ in range(contacts):
            if s.managers[i].held == 0:
                break
            place = s.managers[i].next_visit % s.managers[i].held
            row = s.book[i, place]
            catch_up(s, w, row, day)
            if s.customers[row].patience <= 0.0:
                s.managers[i].held -= 1
                s.book[i, place] = s.book[i, s.managers[i].held]     # gone: the last in the book takes the place
                continue
            s.customers[row].satisfaction = contacted(s.customers[row].satisfaction, s.customers[row].irritation, w.par.contact_gain, w.par.annoyance)
            s.customers[row].irritation += 1.0
            s.managers[i].next_visit = place + 1
            made += 1
        for period in PERIODS:
            s.managers[i].period_units[SERVICE_CONTACTS, period] += made
        s.weeks[w.days[day].week, i, R_CONTACTS] += made


@rule
def satisfaction_now(s: State, w: World, c: np.record, day: int) -> float:
    """A customer's satisfaction on this day, 0 to 1; nothing is changed."""
    return decayed(c.satisfaction, w.par.satisfaction_rest, s.left[day - c.seen, 0])


@rule
def settle_down(s: State, w: World, row: int, day: int) -> None:
    """Satisfaction and irritation as of this day."""
    c = s.customers[row]
    c.satisfaction = satisfaction_now(s, w, c, day)
    c.irritation = decayed(c.irritation, 0.0, s.left[day - c.seen, 1])
    c.seen = day


@rule
def catch_up(s: State, w: World, row: int, day: int) -> None:
    """Bring a customer up to this day: hazard borne, satisfaction and irritation decayed, in closed form."""
    c = s.customers[row]
    days = day - c.seen
    if days <= 0:
        return
    c.patience -= c.hazard * exposure(c.satisfaction, w.par.satisfaction_rest, days, w.par.satisfaction_decay, s.left[days, 0],
                                      w.par.churn_response)
    settle_down(s, w, row, day)


@rule
def close_books(s: State, w: World, day: int) -> None:
    """At the horizon's end every customer catches up; satisfaction, losses and holdings are counted."""
    for row in range(s.tally.customers):
        if s.customers[row].patience > 0.0:
            catch_up(s, w, row, day)
        i = s.customers[row].owner
        if s.customers[row].patience > 0.0:
            s.finals[i, F_SATISFACTION] += s.customers[row].satisfaction
            s.finals[i, F_CUSTOMERS] += 1.0
        else:
            s.finals[i, F_CHURNED] += 1.0
    for i in range(len(s.managers)):
        if s.finals[i, F_CUSTOMERS] > 0.0:
            s.finals[i, F_SATISFACTION] /= s.finals[i, F_CUSTOMERS]
    close_posts(s)


@rule
def close_posts(s: State) -> None:
    """Who is in post at the horizon's end: time in post, morale, grade."""
    for i in range(len(s.managers)):
        s.finals[i, F_TENURE], s.finals[i, F_MORALE] = s.managers[i].tenure, s.managers[i].morale
        s.finals[i, F_GRADE], s.finals[i, F_IN_POST] = s.managers[i].grade, 1.0 if s.managers[i].vacancy == 0 else 0.0
