"""The state of a branch: arrays of records, a row a manager, a customer, a pool.

Two structs stand still while days pass, `World` (what nobody chooses) and `Practice` (what management chooses), beside the
pay plan's `Schedules`; `State` is what a day changes. Channels are 0..3 (`CHANNELS`), activities 0..4 (`ACTIVITIES`).
Records keep compiled functions small: a row is one pointer, however many fields it has.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

CHANNELS = ("intermediaries", "chains", "street", "network")
ACTIVITIES = (*CHANNELS, "service")
INTERMEDIARIES, CHAINS, STREET, NETWORK, SERVICE = range(5)
CHANNEL_COUNT, ACTIVITY_COUNT = len(CHANNELS), len(ACTIVITIES)
SHARED = (True, False, True, False)               # pools worked by the whole branch, or by each manager alone
PAY_MEASURES = ("accounts", "contacts")           # what a pay plan can count in this version
ACCOUNTS, SERVICE_CONTACTS = 0, 1
MEASURE_COUNT, PERIOD_COUNT = len(PAY_MEASURES), 2
# What is kept of each element (rows) and manager while pay is settled over time, fen: earned in the open month and quarter, what is still
# to be taken off or repaid, what falls due now, paid in advance. One row more is the whole plan's: the draw's balance, paid under the ceiling.
B_MONTH, B_QUARTER, B_BALANCE, B_DUE, B_ADVANCED, BOOKS = range(6)
L_DRAW, L_GUARANTEE, L_CEILING, PLAN_LINES = range(4)         # lines of the whole plan, after those of elements
TELLING = {"nothing": 0, "successes": 1, "excuses": 2}

# What is recorded of every manager and week. Flows are sums, levels are read at the week's last day.
RECORDS = ("accounts", "accounts_assigned", *(f"accounts_{c}" for c in CHANNELS), "prospect_contacts", "contacts",
           "effort", "deposits", "skill", "norm", "leaning", "pressure", "days")
(R_ACCOUNTS, R_ASSIGNED, R_CHANNEL, _, _, _, R_PROSPECTS, R_CONTACTS, R_EFFORT, R_DEPOSITS, R_SKILL, R_NORM,
 R_LEANING, R_PRESSURE, R_DAYS) = range(len(RECORDS))
# What is read off once, at the horizon's end.
FINALS = ("satisfaction", "churned", "customers", "pay_held")      # pay_held: CNY kept back, to be released after the horizon
F_SATISFACTION, F_CHURNED, F_CUSTOMERS, F_HELD = range(len(FINALS))


def record(floats: str = "", ints: str = "", flags: str = "", keys: str = "", **arrays: tuple[int, ...]) -> np.dtype:
    """A record type: named floats, integers, flags and 64-bit keys, and small arrays of floats."""
    fields: list[tuple] = [(name, "u8") for name in keys.split()] + [(name, "f8") for name in floats.split()]
    fields += [(name, "i8") for name in ints.split()] + [(name, "f8", shape) for name, shape in arrays.items()]
    return np.dtype(fields + [(name, "?") for name in flags.split()], align=True)


def rows(kind: np.dtype, *shape: int) -> np.recarray:
    """Records, all nil, whose fields can be named with a dot, compiled or not."""
    return np.zeros(shape, dtype=kind).view(np.recarray)


# ---- World: units as in data/parameters -----------------------------------------------------------------------------
PERSON = record(
    "capacity effort_cost risk_aversion intrinsic skill_start effort_start lean_start excuse_start network_size portfolio"
    " tenure", keys="seat")
CHANNEL = record("pace unskilled skilled pool refill")
SEGMENT = record("cut balance_log_median balance_log_sd")          # cut: cumulative share of customers
DAY = record("demand", "week month number", "month_ends quarter_ends", left=(PERIOD_COUNT,), left_last=(PERIOD_COUNT,), ends=(PERIOD_COUNT,))
# number: of the month in the calendar year. left: demand still to come until the month's and the quarter's end, this day included;
# left_last: of this, what falls into the period's last month; ends: the number of that month
WORLD_NUMBERS = record(
    "effort_gamma effort_eta intrinsic_spread talent_spread service_duty skill_ceiling skill_floor learning_rate"
    " forgetting_rate plan_tremble habit_share"
    " saturation order_pull partner_leads partner_fade partner_unskilled partner_skilled lead_hours assigned_leads"
    " assigned_conversion assigned_teaches problem_chance problem_block problem_lapse trust_effect"
    " answer_gain supervisor_skill excuse_wear pressure_step pressure_fade habituation belief_variance belief_gain"
    " belief_drift norm_below norm_above lean_coupling lean_field lean_revisit lean_effect status_drift teach_rate"
    " teach_harm errand_most errand_efficiency mentor_regard mentor_norm_weight dependence_growth dependence_recovery"
    " dependence_effect ceiling_pull opt_in_slope opt_in_skill"
    " service_pace satisfaction_start satisfaction_spread satisfaction_rest satisfaction_decay contact_gain annoyance"
    " irritation_fade churn_response account_log_median account_log_sd",
    "plan_levels plan_refinements plan_every")


class World(NamedTuple):
    """A scenario's branch in numbers. par: what holds for all; people, channels, segments, days: rows of the types above.

    hazards: daily churn hazard of the customer at each quantile (evenly spaced from 0 to 1).
    """

    par: np.record
    people: np.recarray
    channels: np.recarray
    segments: np.recarray
    days: np.recarray
    hazards: np.ndarray


# ---- Practice -------------------------------------------------------------------------------------------------------
PRACTICE_NUMBERS = record(
    "meeting_hours accountability assigned_share mentoring_hours",
    "every_days telling pair_rule pair_count",                     # every_days 0: never. pair_rule: see make_pairs
    "meeting_first bundled voluntary pairs_visible",               # meeting_first: in the morning, before planning
    attention=(CHANNEL_COUNT,),                                    # by order of the list given out; 0: not worked
    access=(CHANNEL_COUNT,))                                       # share still worked while leads are handed out
PLACE = record("status", "mentor")                                 # weight at the start; named mentor's row, or -1


class Practice(NamedTuple):
    """A policy's practices in numbers, for one branch of n managers. visible (n, n): who (row) sees whom (column), beside pairs."""

    par: np.record
    managers: np.recarray
    visible: np.ndarray


# ---- State ----------------------------------------------------------------------------------------------------------
MANAGER = record(
    "talent motive"                      # personal factors on conversion and on intrinsic motivation
    " effort norm"                       # hours chosen today; hours expected by those who see (-1: nobody does)
    " worth worth_of_mentee"             # CNY an account at the margin, one's own and the mentee's, pay only
    " status leaning leaned pressure"    # weight; -1 low, +1 high, now and before the meeting; CNY an account
    " acceptance"                        # how far excuses are believed
    " belief belief_variance"            # factor on what skill promises
    " errands dependence"                # share of a mentee's hours the mentor takes; 0 to 1
    " partners queue"                    # leads a day from intermediaries won; leads that came in yesterday
    " total",                            # accounts so far
    "mentor mentee"                      # rows, or -1
    " attended held next_visit",         # meetings; customers in the book; place in the book
    skill=(CHANNEL_COUNT,),              # share of full competence
    told=(CHANNEL_COUNT,),               # skill before the meeting
    problems=(CHANNEL_COUNT,),           # open
    hours=(ACTIVITY_COUNT,),             # today's, by activity
    intended=(ACTIVITY_COUNT,),          # hours of the last plan
    promised=(CHANNEL_COUNT,),           # accounts the first hour on a channel promised this morning
    planned=(MEASURE_COUNT,),            # units of each pay measure on an ordinary day, as planned
    since_meeting=(2,),                  # accounts of one's own, and those expected at belief 1
    period_units=(MEASURE_COUNT, PERIOD_COUNT),                    # in the open month and quarter
    year_units=(MEASURE_COUNT,),                                   # in the calendar year, up to the open month
)
CUSTOMER = record(
    "balance satisfaction irritation"    # CNY; the latter two as of the day last seen
    " hazard patience",                  # a day; hazard still to be borne before leaving, not above 0: gone
    "owner segment seen",                # manager's row; segment's row; day
)
POOL = record("available worked won")    # prospects not worked lately, worked in vain, won
TALLY = record("", "customers overflow number")       # rows of customers in use; 1 when there were too few; number of the open month
OUTLOOK = record("done others left scale share sd slope rest month year ends")       # see planner.py
DESK = record(theta=(ACTIVITY_COUNT,), own_worth=(ACTIVITY_COUNT,), split=(ACTIVITY_COUNT,), worth=(MEASURE_COUNT,),
              yields=(ACTIVITY_COUNT, MEASURE_COUNT))              # see planner.py


class State(NamedTuple):
    """What a day changes, for n managers, W weeks, M months, D days and E lines of pay.

    pools (n + 1, channels): each manager's, and the branch's in the last row. book (n, room): rows of the customers held.
    lines (n, E) and months (M, n): fen paid; where pay is settled over time, lines has more columns: the PLAN_LINES lines of the whole plan, and
    for each i what is on the way, BOOKS numbers by element and plan, then what is to be released by month and element (`settle_over_time`).
    weeks (W, n, RECORDS), daily_accounts (D, n), finals (n, FINALS): records.
    outlook, desk: room for the planner, so that a day allocates nothing. blank: a manager with everything nil.
    """

    managers: np.recarray
    customers: np.recarray
    pools: np.recarray
    book: np.ndarray
    tally: np.record
    lines: np.ndarray
    months: np.ndarray
    weeks: np.ndarray
    daily_accounts: np.ndarray
    finals: np.ndarray
    outlook: np.recarray
    desk: np.record
    blank: np.record
