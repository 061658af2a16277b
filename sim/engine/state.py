"""The state of a branch: arrays of records, a row a manager, a customer, a pool.

Two structs stand still while days pass, `World` (what nobody chooses) and `Practice` (what management chooses), beside the
pay plan's `Schedules`; `State` is what a day changes. Channels are 0..3 (`CHANNELS`), activities 0..8 (`ACTIVITIES`).
Records keep compiled functions small: a row is one pointer, however many fields it has.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.passing import by_reference

CHANNELS = ("intermediaries", "chains", "street", "network")
ACTIVITIES = (*CHANNELS, "service", "vetting", "collection", "cross_selling", "deals")
INTERMEDIARIES, CHAINS, STREET, NETWORK, SERVICE = range(5)
VETTING, COLLECTION, CROSS, DEALS = 5, 6, 7, 8
CHANNEL_COUNT, ACTIVITY_COUNT = len(CHANNELS), len(ACTIVITIES)
SHARED = (True, False, True, False)               # pools worked by the whole branch, or by each manager alone
CREDIT_MEASURES = ("loans_made", "loan_balance", "interest_collected", "substandard_balance", "doubtful_balance", "loss_balance", "loan_loss",
                   "bad_loan_ratio", "loans_recovered", "unrecovered_balance", "principal_lost", "responsible_income", "responsible_cost",
                   "responsible_profit", "deposits", "deposit_yuan_days")
PAY_MEASURES = ("accounts", "contacts",           # what a pay plan can count in simulation
                *CREDIT_MEASURES,
                "cards", "insurance_policies", "insurance_premiums", "fund_sales", "wealth_sales", "income",
                "products_per_customer", "cross_selling", "aum",
                "fee_income", "value_customers", "key_customer_loss", "customer_assets", "developed_customer_assets",
                "new_customer_assets", "satisfaction", "people", "service_months", "service_years")
ACCOUNTS, SERVICE_CONTACTS = 0, 1
(M_LOANS, M_BALANCE, M_INTEREST, M_SUBSTANDARD, M_DOUBTFUL, M_LOSS, M_PROVISION, M_RATIO, M_RECOVERED, M_UNRECOVERED, M_LOST, M_INCOME, M_COST,
 M_PROFIT, M_DEPOSITS, M_YUAN_DAYS) = range(PAY_MEASURES.index("loans_made"), PAY_MEASURES.index("loans_made") + len(CREDIT_MEASURES))
(CARDS, POLICIES, PREMIUMS, FUND_SALES, WEALTH_SALES, INCOME, ITEMS_EACH, SEVERAL_SHARE,
 AUM, FEES, VALUED, KEY_LOSS, ASSETS, DEVELOPED, NEW_ASSETS, CONTENT, IN_POST, SERVICE_MONTHS,
 SERVICE_YEARS) = range(PAY_MEASURES.index("cards"), len(PAY_MEASURES))
MEASURE_COUNT, PERIOD_COUNT = len(PAY_MEASURES), 4
# What pay reads as a level, as it stands or as a mean so far, rather than adding it up.
FACTS = (VALUED, KEY_LOSS, ASSETS, DEVELOPED, CONTENT, IN_POST, SERVICE_MONTHS, SERVICE_YEARS, M_DEPOSITS)      # see stages/facts.py
LEVELS = tuple(M_BALANCE <= m <= M_UNRECOVERED and m != M_INTEREST or m in (*FACTS, ITEMS_EACH, SEVERAL_SHARE, AUM)
               for m in range(MEASURE_COUNT))
# What is kept of each element (rows) and manager while pay is settled over time, fen: earned in the open month, quarter, half year and year, what is still
# to be taken off or repaid, what falls due now, paid in advance. One row more is the whole plan's: the draw's balance, paid under the ceiling.
B_MONTH, B_QUARTER, B_BALANCE, B_DUE, B_ADVANCED, B_HALF_YEAR, B_YEAR, BOOKS = range(8)
L_DRAW, L_GUARANTEE, L_CEILING, PLAN_LINES = range(4)         # lines of the whole plan, after those of elements
LOAN_CLASSES = 4                                  # normal, substandard, doubtful, loss
TELLING = {"nothing": 0, "successes": 1, "excuses": 2}

# What is recorded of every manager and week. Flows are sums, levels are read at the week's last day.
RECORDS = ("accounts", "accounts_assigned", *(f"accounts_{c}" for c in CHANNELS), "prospect_contacts", "contacts",
           "effort", "deposits", "skill", "norm", "leaning", "pressure", "days",
           "vetting", "collection")
(R_ACCOUNTS, R_ASSIGNED, R_CHANNEL, _, _, _, R_PROSPECTS, R_CONTACTS, R_EFFORT, R_DEPOSITS, R_SKILL, R_NORM,
 R_LEANING, R_PRESSURE, R_DAYS, R_VETTING, R_COLLECTION) = range(len(RECORDS))
# What is read off once, at the horizon's end.
FINALS = ("satisfaction", "churned", "customers", "pay_held",      # pay_held: CNY kept back, to be released after the horizon
          "quits", "dismissals", "hires", "vacancy_days", "tenure", "morale", "promotions",
          "demotions", "training_spells", "handed_over", "ramp_months", "ramped", "grade", "in_post")
(F_SATISFACTION, F_CHURNED, F_CUSTOMERS, F_HELD, F_QUITS, F_DISMISSALS, F_HIRES, F_VACANCY_DAYS, F_TENURE, F_MORALE, F_PROMOTIONS,
 F_DEMOTIONS, F_TRAINING, F_HANDED_OVER, F_RAMP_MONTHS, F_RAMPED, F_GRADE, F_IN_POST) = range(len(FINALS))
# What is recorded of every manager and month: of lending (nil where nobody borrows) flows of the month, then levels at its end; the
# provision for the loans there were on the first morning (first month alone); what deposits and products brought; pay earned but kept
# back for later months, less what was released. CNY, but for counts.
LEDGER = ("loans_made", "loans", "applications", "loans_defaulted", "repaid", "principal_lost", "interest_collected", "responsible_income",
          "responsible_cost", "loan_balance", "substandard_balance", "doubtful_balance", "loss_balance", "due", "recovered",
          "unrecovered_balance", "opening_loss", "deposit_margin", "product_income", "pay_deferred")
(G_MADE, G_LOANS, G_APPLICATIONS, G_DEFAULTED, G_REPAID, G_LOST, G_INTEREST, G_INCOME, G_COST, G_BALANCE, G_SUBSTANDARD, G_DOUBTFUL, G_LOSS,
 G_DUE, G_RECOVERED, G_UNRECOVERED, G_OPENING_LOSS, G_MARGIN, G_PRODUCTS, G_DEFERRED) = range(len(LEDGER))

# What is recorded of conduct beside the work, by manager and week (stages 8 and 9): flows, then levels summed over days, then
# a level of the last day.
CONDUCT = ("pulled_forward", "held_back_deals", "discounts", "misreported", "caught", "dormant_accounts", "prize_pay",
           "discretionary_pay", "cancelled_pay", "fatigue", "fairness_gap", "pay_disappointment", "goal_attainment")
(C_PULLED, C_HELD, C_DISCOUNTS, C_MISREPORTED, C_CAUGHT, C_DORMANT, C_PRIZES, C_DISCRETION, C_CANCELLED, C_FATIGUE, C_FAIRNESS,
 C_DISAPPOINTMENT, C_ATTAINMENT) = range(len(RECORDS), len(RECORDS) + len(CONDUCT))
RECORDS = (*RECORDS, *CONDUCT)


def record(floats: str = "", ints: str = "", flags: str = "", keys: str = "", shorter: str = "", shortest: str = "",
           **arrays: tuple[int, ...]) -> np.dtype:
    """A record type: named floats, integers (of 64, 32 and 16 bits), flags and 64-bit keys, and small arrays of floats."""
    fields: list[tuple] = [(name, "u8") for name in keys.split()] + [(name, "f8") for name in floats.split()]
    fields += [(name, kind) for names, kind in ((ints, "i8"), (shorter, "i4"), (shortest, "i2")) for name in names.split()]
    fields += [(name, "f8", shape) for name, shape in arrays.items()]
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
SEGMENT = record("cut balance_log_median balance_log_sd"           # cut: cumulative share of customers
                 " asks loan_log_median")                           # applications a customer and day; logarithm of CNY
DAY = record("demand rest before", "week month number month_days since_year_0", "month_ends quarter_ends half_year_ends year_ends", left=(PERIOD_COUNT,), left_last=(PERIOD_COUNT,), ends=(PERIOD_COUNT,))
# rest: free days between this tick and the next. before: demand lived until this day. number: of the month in the calendar year; month_days: calendar days in it; since_year_0: months. left: demand still to come until the month's, the quarter's, the half year's and the year's end, this day included;
# left_last: of this, what falls into the period's last month; ends: the number of that month
WORLD_NUMBERS = record(
    "effort_gamma effort_eta intrinsic_spread talent_spread service_duty skill_ceiling skill_floor learning_rate"
    " forgetting_rate plan_tremble habit_share"
    " saturation order_pull partner_leads partner_fade partner_unskilled partner_skilled lead_hours assigned_leads"
    " assigned_conversion assigned_teaches problem_chance problem_block problem_lapse trust_effect"
    " answer_gain supervisor_skill excuse_wear pressure_step pressure_fade habituation belief_variance belief_gain"
    " belief_drift belief_floor most_chance norm_below norm_above lean_coupling lean_field lean_revisit lean_effect status_drift teach_rate"
    " teach_harm errand_most errand_efficiency mentor_regard mentor_norm_weight dependence_growth dependence_recovery"
    " dependence_effect ceiling_pull opt_in_slope opt_in_skill"
    " goal_pull goal_slack goal_imposed goal_burden ratchet_foresight next_period_weight rank_worth contest_noise"
    " judgement_weight judgement_noise judgement_liking fairness_speed fairness_effect"
    " fatigue_growth fatigue_hours fatigue_recovery fatigue_cost"
    " reference_speed reference_effect crowding present_bias pay_discount report_noise"
    " movable_days moving_cost moving_price moving_trust discount_response discount_hurdle discount_reluctance account_margin"
    " false_most scruples dormant_most dormant_cost"
    " service_pace satisfaction_start satisfaction_spread satisfaction_rest satisfaction_decay contact_gain annoyance"
    " irritation_fade churn_response account_log_median account_log_sd"
    " customer_detail"
    " quit_hazard quit_pay_response quit_morale_response outside_slope earned_window reference_window morale_of_reference"
    " morale_of_peers morale_speed morale_effect fresh_effect fresh_fade handover_loss vacancy_shortest vacancy_longest"
    " applicant_choice competence_mark career_weight search_months career_months second_chance training_rate",
    "plan_levels plan_refinements plan_every")


LENDING = record(                        # units as in data/parameters/credit.yaml, rates of a year made rates of a day
    "lending account_asks account_loan_log_median most_asks loan_log_sd loan_most decision_days default_mean vetting_rate"
    " loan_stretch loan_stretch_half stretch_risk conscience loss_foresight term grace yield_daily funding_daily loan_cost"
    " foreseeable soonest opening opening_mean"
    " transfer_daily deposit_interest_daily worsen_substandard worsen_doubtful write_off cure_substandard cure_doubtful"
    " cure_loss collection_rate days_a_year")
# ---- Customers in full: products, contacts, deals (sim/engine/stages/selling.py and its neighbours) -------------------
PRODUCTS = ("deposit", "loan", "fund", "wealth", "insurance", "card")
DEPOSIT, BORROWING, FUND, WEALTH, INSURANCE, CARD = range(6)
CONTACT_WAYS = ("telephone", "mail", "meeting", "preferred")       # the last: whichever of the others the customer prefers
PREFERRED = 3
CAUSES = ("life", "neglect", "rival", "unsuitable", "handover")
RECEPTION_STEPS = ("greeting", "seating", "introduction", "needs_form", "matching", "hand_over", "follow_up", "seeing_off")
NEEDS_FORM = 3
ALLOCATIONS = ("as_given", "random", "by_skill", "by_segment", "levelled")
CLASS_MOST, SEGMENT_MOST, DEAL_STAGES, DEAL_ROOM, PAST_MONTHS = 4, 8, 3, 6, 3
# Recorded of every manager and week (flows; late is summed over days), and at the horizon's end.
SOLD = ("offers", "sales", "unsuitable_sales", "cards", "insurance_policies", "insurance_premiums", "fund_sales", "wealth_sales",
        "income", "money_in", "fund_money_return", "referrals", "walk_ins", "walk_ins_won", "deals_opened",
        "deals_won", "deals_lost", "deals_missed", "overdue_contacts", "reviews", *(f"churned_{cause}" for cause in CAUSES))
(S_OFFERS, S_SALES, S_UNSUITABLE, S_CARDS, S_POLICIES, S_PREMIUMS, S_FUNDS, S_WEALTH, S_INCOME, S_MONEY_IN,
 S_FUND_RETURN, S_REFERRALS, S_WALK_INS, S_WALK_INS_WON, S_DEALS_OPENED, S_DEALS_WON, S_DEALS_LOST, S_DEALS_MISSED, S_LATE,
 S_REVIEWS, S_CAUSE) = range(21)
SOLD_AT_END = ("aum", "items", "several", "endowed", "handed_over", "unmanaged")
(E_AUM, E_ITEMS, E_SEVERAL, E_ENDOWED, E_HANDED_OVER, E_UNMANAGED) = range(6)

PRODUCT = record("fee margin part part_sd", "measure items repeats")   # CNY a CNY or item; CNY a year and CNY; share of assets
WAY = record("time gain irritation share")           # telephone contacts' worth of time; factors; customers who prefer it
SHOP_NUMBERS = record(
    "offer_pace offer_unskilled offer_skilled offer_insight sale_trust sale_worth held_history push_strength"
    " push_scruple push_offence push_hazard scar_fade return_pull return_mean return_sd advice worth_focus rival_yearly rival_unit"
    " rival_power rival_loyalty handover_offence handover_hazard referral_rate contact_spread channel_mismatch review_time"
    " review_gain selling_gain deal_leads deal_value_log_median deal_value_log_sd deal_rival deal_unskilled deal_skilled deal_fee"
    " walk_ins reception_pass reception_habit reception_skip_cost year_days", keys="branch",
    deal_hours=(DEAL_STAGES,), mean_needs=(len(PRODUCTS),))


@by_reference
class World(NamedTuple):
    """A scenario's branch in numbers. par: what holds for all; people, channels, segments, days: rows of the types above.

    hazards: daily churn hazard of the customer at each quantile (evenly spaced from 0 to 1). lending: what holds for loans.
    hire: what somebody new brings. demand_to: demand from the first day to the end of each month, two years beyond the horizon.
    shop: what `Full` is made from; taken out before days are lived, so that compiled functions pass few arrays.
    """

    par: np.record
    people: np.recarray
    channels: np.recarray
    segments: np.recarray
    days: np.recarray
    hazards: np.ndarray
    lending: np.record
    hire: np.record
    demand_to: np.ndarray
    shop: Shop | None = None


# ---- Practice -------------------------------------------------------------------------------------------------------
PRACTICE_NUMBERS = record(
    "meeting_hours accountability assigned_share mentoring_hours"
    " decline_above loan_limit",                                   # known chance of default no longer lent to; CNY a customer
    "every_days telling pair_rule pair_count",                     # every_days 0: never. pair_rule: see make_pairs
    "meeting_first bundled voluntary pairs_visible"                # meeting_first: in the morning, before planning
    " remembers",                                                  # whether pay reads facts or months gone by (stages/facts.py)
    attention=(CHANNEL_COUNT,),                                    # by order of the list given out; 0: not worked
    access=(CHANNEL_COUNT,))                                       # share still worked while leads are handed out
MOST_PRIZES = 20
AIMS = record(                           # goals, contests, judgement, controls, prices; measures -1: none
    "goal_level goal_ratchet participation judged_amount audit fine authority",
    "goal_measure goal_period contest_measure contest_period judged_measure judged_period prizes",
    "on cancels league_table", prize=(MOST_PRIZES,))           # on: whether anything of stages 8 and 9 is in force
RETAIL = record(                                                   # service, reception and portfolio rules
    "review_above discipline",
    "classes standard review_months reception allocation",         # standard, reception: 1 if there is one
    above=(CLASS_MOST,), every=(CLASS_MOST,), way=(CLASS_MOST,), steps=(len(RECEPTION_STEPS),), span=(SEGMENT_MOST,))
PLACE = record("status", "mentor")                                 # weight at the start; named mentor's row, or -1
# A policy's `people`: 0 in `rules` for none. month_of_year: of the scenario's first month, 0..11. pass_mark: -1e30 for no test.
PEOPLE_NUMBERS = record(
    "training_hours pass_mark reliability",
    "rules grades entry appraisal_months month_of_year startup_months training_months training_again notice_months applicants"
    " handover rotation_months below_lowest no_grade",             # no_grade: the code of having none
    "choose_best trains")
MARK = record("at_least", "rule grade measure", "any")                   # rule: see KEEP ... PASSING; any: one of its rule is enough
KEEP, RISE, STARTUP, PASSING = range(4)
NORMAL, TRAINING, AWAITING, DUE = range(4)                               # in the order of sim/policy/people.py, STATES
HANDOVER = {"successor": 0, "team_by_load": 1, "similar": 2}
BELOW = {"nothing": 0, "training": 1, "dismissal": 2}
TO_SUCCESSOR, BY_LOAD, TO_SIMILAR = range(3)
FLOW, MEAN, LAST = range(3)                                              # how months add up: added, averaged, the last one
OVER = {"sum": FLOW, "mean": MEAN, "last": LAST}


@by_reference
class Practice(NamedTuple):
    """A policy's practices in numbers, for one branch of n managers. visible (n, n): who (row) sees whom (column), beside pairs.
    retail: service standard, reception, portfolio rules.

    people, marks: grades and the rules about people. grade_at_start (n,). over (MEASURE_COUNT,): how months of a measure add up.
    facts (MEASURE_COUNT,): 1 for what stages/facts.py has to work out, since pay or a mark reads it. variants: which variant of pay
    holds, by month, seat (the last: whoever is hired), footing and grade; empty where there is one.
    """

    par: np.record
    managers: np.recarray
    visible: np.ndarray
    aims: np.record
    retail: np.record
    people: np.record
    marks: np.recarray
    grade_at_start: np.ndarray
    over: np.ndarray
    facts: np.ndarray
    variants: np.ndarray


# ---- State ----------------------------------------------------------------------------------------------------------
MANAGER = record(
    "talent motive"                      # personal factors on conversion and on intrinsic motivation
    " effort norm aim"                   # hours chosen today; hours expected by those who see (-1: nobody does); best effort of the last plan
    " worth worth_of_mentee"             # CNY an account at the margin, one's own and the mentee's, pay only
    " status leaning leaned pressure"    # weight; -1 low, +1 high, now and before the meeting; CNY an account
    " acceptance"                        # how far excuses are believed
    " belief belief_variance"            # factor on what skill promises
    " errands dependence"                # share of a mentee's hours the mentor takes; 0 to 1
    " partners queue"                    # leads a day from intermediaries won; leads that came in yesterday
    " total"                             # accounts so far
    " burden toil"                       # hours imposed today; factor on the cost of effort (fatigue)
    " goal attainment"                   # units a period; result over goal in the last period ended
    " fatigue fairness disappointment reference"                   # stock; 0 to 1; share of morale lost; CNY a month
    " liking scruples"                   # of the supervisor, a share; CNY a false account
    " discount lure"                     # share of the price; factor on conversion
    " earned used_to utility"            # CNY a month of late, and what one is used to; mean of exp(-risk x pay) of late
    " morale freshness zest"             # -1 to 1; 0 to 1; factor on intrinsic motivation
    " keep_stake rise_stake bottom_stake job_stake"                # CNY at stake in the grade's marks, in the next one's, below, and in all
    " left_competence"                   # of whoever left the seat last
    " endowed mean_endowed"              # CNY in the book on the first morning: own, and the branch's mean
    " training_hours"                    # a day
    " moved claimed caught",             # units pulled forward (held back: below 0), false ones, and 1 if found, at this settlement
    "mentor mentee"                      # rows, or -1
    " prize_fen judged_fen"              # paid so far beside the lines of the pay plan
    " attended held next_visit"          # meetings; customers in the book; place in the book
    " vacancy generation"                # months until somebody is hired (0: somebody is in post); hires so far
    " grade footing standing_left"       # place; NORMAL, TRAINING, AWAITING or DUE; months it still lasts
    " in_post tenure trained"            # months in post in this run, and in all; months since the last training, -1: never
    " months_counted started hired",     # months since the appraisal; 1: done with the start-up marks; 1: hired in the run, 2: and competent by now
    skill=(CHANNEL_COUNT,),              # share of full competence
    told=(CHANNEL_COUNT,),               # skill before the meeting
    problems=(CHANNEL_COUNT,),           # open
    clear=(CHANNEL_COUNT,), clear_of=(CHANNEL_COUNT,),             # conversion that so many problems leave
    hours=(ACTIVITY_COUNT,),             # today's, by activity
    reach=(ACTIVITY_COUNT,), reach_of=(ACTIVITY_COUNT,),           # first hours' worth of so many hours
    intended=(ACTIVITY_COUNT,),          # hours of the last plan
    promised=(CHANNEL_COUNT,),           # accounts the first hour on a channel promised this morning
    planned=(MEASURE_COUNT,),            # units of each pay measure on an ordinary day, as planned
    since_meeting=(2,),                  # accounts of one's own, and those expected at belief 1
    period_units=(MEASURE_COUNT, PERIOD_COUNT),                    # in the open month, quarter, half year and year
    year_units=(MEASURE_COUNT,),                                   # in the calendar year, up to the open month
    # with customers in full: what offers and deals bring (output of a first hour, CNY besides pay and measures a unit of it), assets
    # a service contact keeps, sd of a day's measure, units without effort a day, and kept of the plan: margins of pay, units to come
    sell_theta=(2,), sell_own=(2,), sell_yields=(2, MEASURE_COUNT), care_yield=(1,), spread=(MEASURE_COUNT,), standing=(MEASURE_COUNT,),
    worths=(MEASURE_COUNT,), coming=(MEASURE_COUNT,),
    added=(MEASURE_COUNT,),              # CNY a unit besides pay that goals, contests, judgement and the like add today
    appraised=(MEASURE_COUNT,),          # since the last appraisal
    begun=(MEASURE_COUNT,),              # since the first day in post
    trained_units=(MEASURE_COUNT,),      # since the training spell began
    pace=(MEASURE_COUNT,),               # a month of late
)
CUSTOMER = record(
    "balance satisfaction irritation"    # CNY; the latter two as of the day last seen
    " hazard patience",                  # a day; hazard still to be borne before leaving, not above 0: gone
    keys="luck",                         # of the customer's own: owner on the first morning and number
    shorter="owner seen",                # manager's row; day
    shortest="segment"                   # row
    " borrows"                           # 1 from the day a loan is asked for until it is settled
    " holdings",                         # products held, a bit each (0 while customers are in their short form)
)
POOL = record("available worked won")    # prospects not worked lately, worked in vain, won
LOAN = record(                           # an application in the queue, then a loan
    "principal chance vetted",           # CNY asked for, then owed; hidden chance of default within the term; hours of vetting
    "owner customer day month seen"      # rows of manager and customer; day of the application; month of the loan; day up to which interest ran
    " quality due counted",              # loan class 0 to 3; 1 once the term is over; 1 if that was in the open year
    keys="key")
CREDIT = record(                         # a manager's side of lending
    "opening made repaid lost balance"   # CNY lent before the first day, and since; the balance is opening + made - repaid - lost, and what came or went with customers
    " due recovered overdue"             # CNY fallen due in the open year, of this recovered; due and still owed
    " gathered pace usual"               # collection in the open month (first-hour units); CNY lent a day and its pull, smoothed
    " deposits average",                 # CNY in the book at the last month's end, and over the month before it
    "waiting",                           # applications in the queue
    counts=(LOAN_CLASSES,), balances=(LOAN_CLASSES,),     # by loan class, at the last month's end
    worth=(MEASURE_COUNT,),              # CNY a unit of each pay measure at the margin, of the last plan
    deposit_sum=(PERIOD_COUNT,), months=(PERIOD_COUNT,),  # sum of the months' average deposits in the open periods, and how many
)
OVERNIGHT = record("pressure problems partners skill")              # what is left of each a day later (of skill: above the floor)
TALLY = record("", "customers overflow number month loans staff")   # rows of customers in use; 1 when there were too few; open month: of the year, of the run; loans in use
OUTLOOK = record("done others left scale share sd slope rest month year ends value rate factor", "still")       # see planner.py
# A customer fills a line of the machine's memory: 64 bytes. In full there is a CLIENT row besides, of 160. Needs, preferred channel and the
# like are not kept but drawn again by the customer's key (home, number) whenever they are read.
CLIENT = record(
    "wealth units lent counted"          # CNY; fund units; CNY; assets as counted in the class's total
    " regret strange rival",             # hazards a day: of an unsuitable product, of a hand-over (both fading), of rivals
    "number place tier touched reviewed" # own number; place in the book (-1: nobody's); value class; day and month of the last
    " late before after"                 # 1: overdue; neighbours among those of the class, longest untouched first
    " leaves earlier later cause",       # day of leaving, -1: stays; neighbours among those who leave that day; see CAUSES
    keys="home",                         # seat whose luck the customer's draws are
)
SELLER = record(
    "skill deposits wealth units lent items several credit_service credit_offers deposit_sum",    # the last: of the open month, CNY x days
    "handed_over won"                                              # customers; accounts opened and welcomed
    " key_lost",                                                   # of those above the lowest class, in the open quarter
    focus=(CLASS_MOST,), sell_focus=(CLASS_MOST,),                 # weight of a customer of the class, for service and offers
    aum_sum=(PERIOD_COUNT,), aum_days=(PERIOD_COUNT,),
)
QUEUE = record("assets", "head tail mark count late")              # a class's customers; mark: the first who is not overdue
DEAL_ROW = record("value due", "stage day")                        # CNY; hours left in the stage; 0: none, 1 to 3
BOARD = record("index past gains money_in premiums money_out units", "classes month welcomed", above=(CLASS_MOST,))   # units: of funds, all customers


class Shop(NamedTuple):
    """What is on sale and to whom. needs (segments, products): mean purchases a perfect offer finds. spread: logarithm of a
    customer's need over the mean at evenly spaced normal scores. ways: of contact."""

    par: np.record
    products: np.recarray
    ways: np.recarray
    needs: np.ndarray
    spread: np.ndarray


@by_reference
class Full(NamedTuple):
    """Customers in full: a `Shop`, and what a day changes beside the customers' rows, for n managers, D days, W weeks.

    None in its place says that no further part of the model is in force (`sim.engine.shop.further_parts`).
    calendar (D): who leaves that day, the first row. weeks (W, n, SOLD), finals (n, SOLD_AT_END). board: market, the branch's money
    in and out, value classes.
    """

    par: np.record
    products: np.recarray
    ways: np.recarray
    needs: np.ndarray
    spread: np.ndarray
    clients: np.recarray
    sellers: np.recarray
    queues: np.recarray
    deals: np.recarray
    calendar: np.ndarray
    board: np.record
    weeks: np.ndarray
    finals: np.ndarray
    blank: np.record


MARKS = 8                                 # that a manager can have in mind at once
DESK = record("", "uses marks",           # marks in mind; by mark: units still needed, units that come without effort, CNY at stake ...
              mark_need=(MARKS,), mark_windfall=(MARKS,), mark_stake=(MARKS,), mark_left=(MARKS,), mark_measure=(MARKS,),
              mark_group=(MARKS,), mark_any=(MARKS,),
              used=(MEASURE_COUNT,), theta=(ACTIVITY_COUNT,), own_worth=(ACTIVITY_COUNT,), split=(ACTIVITY_COUNT,), part=(ACTIVITY_COUNT,),
              worth=(MEASURE_COUNT,),
              yields=(ACTIVITY_COUNT, MEASURE_COUNT))              # see planner.py


@by_reference
class State(NamedTuple):
    """What a day changes, for n managers, W weeks, M months, D days and E lines of pay.

    pools (n + 1, channels): each manager's, and the branch's in the last row. book (n, room): rows of the customers held.
    lines (n, E) and months (M, n): fen paid; where pay is settled over time, lines has more columns: the PLAN_LINES lines of the whole plan, and
    for each i what is on the way, BOOKS numbers by element and plan, then what is to be released by month and element (`settle_over_time`).
    weeks (W, n, RECORDS), daily_accounts (D, n), finals (n, FINALS): records.
    credit (n), queue (n, room), loans: lending, the latter two empty where nobody borrows. ledger (M, n, LEDGER): records by month.
    outlook, desk: room for the planner, so that a day allocates nothing. blank: a manager with everything nil.
    people: who sits in each seat: World.people at the start, and whoever is hired later (seat is then a key of the hire's own).
    left (D + 1, 2): of satisfaction above rest and of irritation, what is left after so many days. overnight: of what fades daily, after one.
    lanes (n, DAILY): keys of whoever sits in the seat (lanes.py).
    history (M, n, MEASURE_COUNT + 1): what each month came to, and its calendar days; no months where pay does not look back.
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
    credit: np.recarray
    queue: np.recarray
    loans: np.recarray
    ledger: np.ndarray
    people: np.recarray                  # who sits in each seat: World.people at the start, and whoever is hired later (seat is then a key of the hire's own)
    history: np.ndarray
    left: np.ndarray
    overnight: np.record
    lanes: np.ndarray
