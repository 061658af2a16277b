"""The state of a branch: structs of arrays, one row a manager or a customer.

Three structs stand still while days pass: `World` (what nobody chooses), `Practice` (what management chooses) and the pay
plan's `Schedules`; `State` is what a day changes. Channels are 0..3 (`CHANNELS`), activities 0..4 (`ACTIVITIES`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

CHANNELS = ("intermediaries", "chains", "street", "network")
ACTIVITIES = (*CHANNELS, "service")
INTERMEDIARIES, CHAINS, STREET, NETWORK, SERVICE = range(5)
SHARED = (True, False, True, False)               # pools worked by the whole branch, or by each manager alone
PAY_MEASURES = ("accounts", "contacts")           # what a pay plan can count in this version
ACCOUNTS, SERVICE_CONTACTS = 0, 1
TELLING = {"nothing": 0, "successes": 1, "excuses": 2}

# What is recorded of every manager and week. Flows are sums, levels are read at the week's last day.
RECORDS = ("accounts", "accounts_assigned", *(f"accounts_{c}" for c in CHANNELS), "prospect_contacts", "contacts",
           "effort", "deposits", "skill", "norm", "leaning", "pressure", "days")
(R_ACCOUNTS, R_ASSIGNED, R_CHANNEL, _, _, _, R_PROSPECTS, R_CONTACTS, R_EFFORT, R_DEPOSITS, R_SKILL, R_NORM,
 R_LEANING, R_PRESSURE, R_DAYS) = range(len(RECORDS))
# What is read off once, at the horizon's end.
FINALS = ("satisfaction", "churned", "customers")


class World(NamedTuple):
    """Numbers of a scenario's branch. Units as in data/parameters; arrays over managers (n), channels (4), days (d)."""

    # people, per manager
    seat: np.ndarray               # (n,) key of the manager's draws
    capacity: np.ndarray
    effort_cost: np.ndarray
    risk_aversion: np.ndarray
    intrinsic: np.ndarray
    skill_start: np.ndarray        # (n,) from tenure
    effort_start: np.ndarray
    lean_start: np.ndarray
    excuse_start: np.ndarray
    network_size: np.ndarray
    portfolio: np.ndarray          # (n,) customers at the start
    tenure: np.ndarray             # (n,) months
    # people, common
    effort_gamma: float
    effort_eta: float
    intrinsic_spread: float
    talent_spread: float
    service_duty: float
    skill_ceiling: float
    skill_floor: float
    learning_rate: float
    forgetting_rate: float
    plan_tremble: float
    habit_share: float
    plan_levels: int
    plan_refinements: int
    # channels
    pace: np.ndarray
    unskilled: np.ndarray
    skilled: np.ndarray
    pool: np.ndarray               # (4,) prospects; chains: per customer; network: per person of the network
    refill: np.ndarray
    neglect: np.ndarray
    saturation: float
    order_pull: float
    partner_leads: float
    partner_fade: float
    partner_unskilled: float
    partner_skilled: float
    lead_hours: float
    assigned_leads: float
    assigned_conversion: float
    assigned_teaches: float
    problem_chance: float
    problem_block: float
    trust_effect: float
    # practices' effects
    answer_gain: float
    supervisor_skill: float
    excuse_wear: float
    pressure_step: float
    pressure_fade: float
    habituation: float
    belief_variance: float
    belief_gain: float
    belief_drift: float
    norm_below: float
    norm_above: float
    lean_coupling: float
    lean_field: float
    lean_revisit: float
    lean_effect: float
    status_drift: float
    teach_rate: float
    teach_harm: float
    errand_most: float
    errand_efficiency: float
    mentor_regard: float
    mentor_norm_weight: float
    dependence_growth: float
    dependence_recovery: float
    dependence_effect: float
    ceiling_pull: float
    opt_in_slope: float
    opt_in_skill: float
    # customers
    segment_cut: np.ndarray        # (g,) cumulative shares
    balance_log_median: np.ndarray # (g,)
    balance_log_sd: np.ndarray     # (g,)
    account_log_median: float
    account_log_sd: float
    service_pace: float
    satisfaction_start: float
    satisfaction_spread: float
    satisfaction_rest: float
    satisfaction_decay: float
    contact_gain: float
    annoyance: float
    irritation_fade: float
    hazard_quantiles: np.ndarray   # (q,) daily churn hazard of the customer at each quantile
    churn_response: float
    # calendar
    demand: np.ndarray             # (d,) share of an ordinary day's demand
    week: np.ndarray               # (d,) index
    month: np.ndarray
    month_ends: np.ndarray         # (d,) bool
    quarter_ends: np.ndarray
    left: np.ndarray               # (d, 2) demand still to come until the month's and quarter's end, today included


class Practice(NamedTuple):
    """Numbers of a policy's practices, for one branch of n managers."""

    every_days: int                # 0: never
    meeting_hours: float
    meeting_first: bool            # in the morning, before planning
    visible: np.ndarray            # (n, n) who (row) sees whom (column)
    accountability: float
    status: np.ndarray             # (n,) weight at the start
    telling: int
    assigned_share: float
    attention: np.ndarray          # (4,) by order of the list given out; 0: not worked
    pair_rule: int                 # 0 none or named, 1 best with newest, 2 random
    pair_count: int
    mentor: np.ndarray             # (n,) named mentor's row, or -1
    bundled: bool
    voluntary: bool
    mentoring_hours: float


class State(NamedTuple):
    """What a day changes. Rows are managers unless said otherwise; hours are a day's, money is CNY."""

    talent: np.ndarray
    motive: np.ndarray             # personal factor on intrinsic motivation
    skill: np.ndarray              # (n, 4) share of full competence
    effort: np.ndarray             # hours chosen today
    hours: np.ndarray              # (n, 5) by activity
    planned: np.ndarray            # (n, 2) units of each pay measure a day, as planned
    worth: np.ndarray              # (n,) CNY a unit of account at the margin, pay only
    norm: np.ndarray
    status: np.ndarray
    leaning: np.ndarray            # -1 low, +1 high
    pressure: np.ndarray
    acceptance: np.ndarray         # how far excuses are believed
    attended: np.ndarray
    problems: np.ndarray           # (n, 4) open
    belief: np.ndarray
    belief_variance: np.ndarray
    since_meeting: np.ndarray      # (n, 2) accounts, and accounts expected at belief 1, from own work
    mentor: np.ndarray             # (n,) row or -1
    mentee: np.ndarray
    errands: np.ndarray            # share of the mentee's hours the mentor takes
    dependence: np.ndarray
    partners: np.ndarray           # leads a day from intermediaries won
    queue: np.ndarray              # leads waiting: partner's, assigned
    available: np.ndarray          # (n + 1, 4) prospects not worked lately; last row: the branch's pools
    worked: np.ndarray             # (n + 1, 4)
    won: np.ndarray                # (n + 1, 4)
    period_units: np.ndarray       # (n, 2 measures, 2 periods) in the open periods
    total: np.ndarray              # (n,) accounts so far
    paid: np.ndarray               # (n, elements) fen so far
    months: np.ndarray             # (months, n) fen paid
    # customers
    book: np.ndarray               # (n, room) rows of the customers held
    held: np.ndarray               # (n,)
    next_visit: np.ndarray         # (n,) place in the book
    count: np.ndarray              # (1,) customers in the arrays
    owner: np.ndarray
    segment: np.ndarray
    balance: np.ndarray
    satisfaction: np.ndarray       # when last contacted
    irritation: np.ndarray         # when last contacted
    seen: np.ndarray               # day of the last contact
    hazard: np.ndarray
    patience: np.ndarray           # hazard still to be borne before leaving; below 0: gone
    # records
    weeks: np.ndarray              # (weeks, n, RECORDS)
    daily_accounts: np.ndarray     # (d, n)
    finals: np.ndarray             # (n, FINALS)
    overflow: np.ndarray           # (1,) 1 when the customer arrays were too small
    # room for the planner, so that a day allocates nothing
    done: np.ndarray
    others: np.ndarray
    days_left: np.ndarray
    scale: np.ndarray
    share: np.ndarray
    sd: np.ndarray
    unit_worth: np.ndarray
    split: np.ndarray
    theta: np.ndarray
    own_worth: np.ndarray
    yields: np.ndarray
