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
TELLING = {"nothing": 0, "successes": 1, "excuses": 2}

# What is recorded of every manager and week. Flows are sums, levels are read at the week's last day.
RECORDS = ("accounts", "accounts_assigned", *(f"accounts_{c}" for c in CHANNELS), "prospect_contacts", "contacts",
           "effort", "deposits", "skill", "norm", "leaning", "pressure", "days")
(R_ACCOUNTS, R_ASSIGNED, R_CHANNEL, _, _, _, R_PROSPECTS, R_CONTACTS, R_EFFORT, R_DEPOSITS, R_SKILL, R_NORM,
 R_LEANING, R_PRESSURE, R_DAYS) = range(len(RECORDS))
# What is read off once, at the horizon's end.
FINALS = ("satisfaction", "churned", "customers", "quits", "dismissals", "hires", "vacancy_days", "tenure", "morale", "promotions",
          "demotions", "training_spells", "handed_over", "ramp_months", "ramped", "grade", "in_post")
(F_SATISFACTION, F_CHURNED, F_CUSTOMERS, F_QUITS, F_DISMISSALS, F_HIRES, F_VACANCY_DAYS, F_TENURE, F_MORALE, F_PROMOTIONS,
 F_DEMOTIONS, F_TRAINING, F_HANDED_OVER, F_RAMP_MONTHS, F_RAMPED, F_GRADE, F_IN_POST) = range(len(FINALS))


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
    " tenure"
    " outside_pay",                      # CNY a month elsewhere, for mean ability
    "cohort",                            # place among the scenario's cohorts
    keys="seat")
CHANNEL = record("pace unskilled skilled pool refill")
SEGMENT = record("cut balance_log_median balance_log_sd")          # cut: cumulative share of customers
DAY = record("demand before", "week month", "month_ends quarter_ends", left=(PERIOD_COUNT,))
# left: demand still to come until the month's and the quarter's end, this day included; before: demand lived until this day
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
    " irritation_fade churn_response account_log_median account_log_sd"
    " quit_hazard quit_pay_response quit_morale_response outside_slope earned_window reference_window morale_of_reference"
    " morale_of_peers morale_speed morale_effect fresh_effect fresh_fade handover_loss vacancy_shortest vacancy_longest"
    " applicant_choice competence_mark career_weight search_months career_months second_chance training_rate",
    "plan_levels plan_refinements plan_every")


class World(NamedTuple):
    """A scenario's branch in numbers. par: what holds for all; people, channels, segments, days: rows of the types above.

    hazards: daily churn hazard of the customer at each quantile (evenly spaced from 0 to 1).
    hire: what somebody new brings. demand_to: demand from the first day to the end of each month, two years beyond the horizon.
    """

    par: np.record
    people: np.recarray
    channels: np.recarray
    segments: np.recarray
    days: np.recarray
    hazards: np.ndarray
    hire: np.record
    demand_to: np.ndarray


# ---- Practice -------------------------------------------------------------------------------------------------------
PRACTICE_NUMBERS = record(
    "meeting_hours accountability assigned_share mentoring_hours",
    "every_days telling pair_rule pair_count",                     # every_days 0: never. pair_rule: see make_pairs
    "meeting_first bundled voluntary pairs_visible",               # meeting_first: in the morning, before planning
    attention=(CHANNEL_COUNT,),                                    # by order of the list given out; 0: not worked
    access=(CHANNEL_COUNT,))                                       # share still worked while leads are handed out
PLACE = record("status", "mentor")                                 # weight at the start; named mentor's row, or -1
# A policy's `people`: 0 in `rules` for none. month_of_year: of the scenario's first month, 0..11. pass_mark: -1e30 for no test.
PEOPLE_NUMBERS = record(
    "training_hours pass_mark reliability",
    "rules grades entry appraisal_months month_of_year startup_months training_months training_again notice_months applicants"
    " handover rotation_months below_lowest",
    "choose_best trains")
MARK = record("at_least", "rule grade measure", "any")                   # rule: see KEEP ... PASSING; any: one of its rule is enough
KEEP, RISE, STARTUP, PASSING = range(4)
NORMAL, TRAINING, AWAITING, DUE = range(4)                               # in the order of sim/policy/people.py, STATES
HANDOVER = {"successor": 0, "team_by_load": 1, "similar": 2}
BELOW = {"nothing": 0, "training": 1, "dismissal": 2}
TO_SUCCESSOR, BY_LOAD, TO_SIMILAR = range(3)
FLOW, MEAN, LAST = range(3)                                              # how months add up: added, averaged, the last one
OVER = {"sum": FLOW, "mean": MEAN, "last": LAST}


class Practice(NamedTuple):
    """A policy's practices in numbers, for one branch of n managers. visible (n, n): who (row) sees whom (column), beside pairs.

    people, marks: grades and the rules about people. grade_at_start (n,). over (MEASURE_COUNT,): how months of a measure add up.
    variant (months, n + 1, grades + 1, states): which tables of pay hold for whom; row n for those hired later, the last grade
    for none.
    """

    par: np.record
    managers: np.recarray
    visible: np.ndarray
    people: np.record
    marks: np.recarray
    grade_at_start: np.ndarray
    over: np.ndarray
    variant: np.ndarray


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
    " total"                             # accounts so far
    " earned reference utility"          # CNY a month of late, and what one is used to; mean of exp(-risk x pay) of late
    " morale freshness zest"             # -1 to 1; 0 to 1; factor on intrinsic motivation
    " keep_stake rise_stake bottom_stake job_stake"                # CNY at stake in the grade's marks, in the next one's, below, and in all
    " left_competence"                   # of whoever left the seat last
    " training_hours",                   # a day
    "mentor mentee"                      # rows, or -1
    " attended held next_visit"          # meetings; customers in the book; place in the book
    " vacancy generation"                # months until somebody is hired (0: somebody is in post); hires so far
    " grade standing standing_left"      # place; NORMAL, TRAINING, AWAITING or DUE; months it still lasts
    " variant in_post tenure trained"    # tables of pay; months in post in this run, and in all; months since the last training, -1: never
    " months_counted started hired",     # months since the appraisal; 1: done with the start-up marks; 1: hired in the run, 2: and competent by now
    skill=(CHANNEL_COUNT,),              # share of full competence
    told=(CHANNEL_COUNT,),               # skill before the meeting
    problems=(CHANNEL_COUNT,),           # open
    hours=(ACTIVITY_COUNT,),             # today's, by activity
    intended=(ACTIVITY_COUNT,),          # hours of the last plan
    promised=(CHANNEL_COUNT,),           # accounts the first hour on a channel promised this morning
    planned=(MEASURE_COUNT,),            # units of each pay measure on an ordinary day, as planned
    since_meeting=(2,),                  # accounts of one's own, and those expected at belief 1
    period_units=(MEASURE_COUNT, PERIOD_COUNT),                    # in the open month and quarter
    appraised=(MEASURE_COUNT,),          # since the last appraisal
    begun=(MEASURE_COUNT,),              # since the first day in post
    trained_units=(MEASURE_COUNT,),      # since the training spell began
    pace=(MEASURE_COUNT,),               # a month of late
)
CUSTOMER = record(
    "balance satisfaction irritation"    # CNY; the latter two as of the day last seen
    " hazard patience",                  # a day; hazard still to be borne before leaving, not above 0: gone
    "owner segment seen",                # manager's row; segment's row; day
)
POOL = record("available worked won")    # prospects not worked lately, worked in vain, won
TALLY = record("", "customers overflow staff") # rows of customers in use; 1 when there were too few; managers in post
OUTLOOK = record("done others left scale share sd slope")                # see planner.py
MARKS = 8                                 # that a manager can have in mind at once
DESK = record("", "marks",                # marks in mind; by mark: units still needed, units that come without effort, CNY at stake ...
              mark_need=(MARKS,), mark_windfall=(MARKS,), mark_stake=(MARKS,), mark_left=(MARKS,), mark_measure=(MARKS,),
              mark_group=(MARKS,), mark_any=(MARKS,),
              theta=(ACTIVITY_COUNT,), own_worth=(ACTIVITY_COUNT,), split=(ACTIVITY_COUNT,), worth=(MEASURE_COUNT,),
              yields=(ACTIVITY_COUNT, MEASURE_COUNT))              # see planner.py


class State(NamedTuple):
    """What a day changes, for n managers, W weeks, M months, D days and E lines of pay.

    pools (n + 1, channels): each manager's, and the branch's in the last row. book (n, room): rows of the customers held.
    lines (n, E) and months (M, n): fen paid. weeks (W, n, RECORDS), daily_accounts (D, n), finals (n, FINALS): records.
    outlook, desk: room for the planner, so that a day allocates nothing. blank: a manager with everything nil.
    people: who sits in each seat: World.people at the start, and whoever is hired later (seat is then a key of the hire's own).
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
    people: np.recarray
