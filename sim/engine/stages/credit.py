"""Stage 5, credit: applications, vetting, decisions; at a month's end interest, loan classes, collection, repayment, and the books."""

from __future__ import annotations

import math

import numpy as np

from sim.compiled import rule
from sim.engine.planner import forecast, forecast_plain
from sim.engine.stages.books import month_part
from sim.engine.stages.settling import ends, shares_pay
from sim.engine.state import (
    COLLECTION, CREDIT_MEASURES, G_APPLICATIONS, G_BALANCE, G_COST, G_DEFAULTED, G_DOUBTFUL, G_DUE, G_INCOME, G_INTEREST, G_LOANS, G_LOSS, G_LOST,
    G_MADE, G_OPENING_LOSS, G_RECOVERED, G_REPAID, G_SUBSTANDARD, G_UNRECOVERED, LOAN_CLASSES, M_BALANCE, M_COST, M_DEPOSITS, M_DOUBTFUL, M_INCOME, M_INTEREST,
    M_LOANS, M_LOSS, M_LOST, M_PROFIT, M_PROVISION, M_RATIO, M_RECOVERED, M_SUBSTANDARD, M_UNRECOVERED, M_YUAN_DAYS, MEASURE_COUNT, VETTING,
    Practice, State, World,
)
from sim.engine.streams import (
    ALWAYS, APPLICATION, DETECTION, LOAN_CLASS, LOAN_KEY, PAST, QUALITY, mix, normal, poisson, stream, uniform,
)
from sim.policy.kernel import JOINT, PERIODS, SIMPLE, Schedules
from sim.rules.prospecting import reach
from sim.rules.credit import (
    DOUBTFUL, GIVEN_UP, LOSS, NORMAL, SUBSTANDARD, chance_found, class_after, cured, default_chance, enlarged, goes_on, monthly_fall, strained,
    worth_of_finding, worth_of_hurrying, worth_of_lending,
)

SHARE_LOST = (0.0, 0.3, 0.5, 1.0)      # of normal, substandard, doubtful and loss-class balances (casebook C2)
ROUND = 100.0                          # loans are made in hundreds of CNY, so that balances add up exactly
MEMORY = 0.05                          # weight of today in the smoothed pace of lending
HAIR = 1e-6                            # CNY a CNY lent: less is no reason to hurry
PER_DAY, AT_END = 0, 1


# --- the day ----------------------------------------------------------------------------------------------------------


@rule
def open_credit(s: State, w: World, seed: np.uint64) -> None:
    """The first morning: loans of the past, if any; what customers will ask for a day is what managers expect to lend."""
    for i in range(len(s.managers)):
        c = s.credit[i]
        c.opening, c.made, c.repaid, c.lost, c.balance = 0.0, 0.0, 0.0, 0.0, 0.0
        c.due, c.recovered, c.gathered, c.usual = 0.0, 0.0, 0.0, 0.0
        c.waiting = 0
        if w.lending.opening > 0.0:
            recall_loans(s, w, seed, i)
    count_loans(s)
    for i in range(len(s.managers)):
        c = s.credit[i]
        s.ledger[0, i, G_OPENING_LOSS] = provision(c)
        for m in range(MEASURE_COUNT):
            c.worth[m] = 0.0
        for period in PERIODS:
            c.deposit_sum[period], c.months[period] = 0.0, 0.0
        c.pace = asked_a_day(s, w, i)


@rule
def recall_loans(s: State, w: World, seed: np.uint64, i: int) -> None:
    """The loans that manager i's customers owe on the first morning: each one's past is lived through in months (`recall`), and of what
    is then owed the share `opening` was lent here."""
    for place in range(s.managers[i].held):
        row = s.book[i, place]
        luck = stream(seed, PAST, s.customers[row].luck, ALWAYS)
        age, quality, chance, draw = recall(w, asks(s, w, row) * w.lending.days_a_year / 12.0, luck)
        if age == 0 or uniform(luck, draw) >= w.lending.opening:
            continue
        l, c = s.loans[s.tally.loans], s.credit[i]
        s.tally.loans += 1
        size = min(w.lending.loan_most, math.exp(loan_log_median(s, w, row) + w.lending.loan_log_sd * normal(uniform(luck, draw + 1))))
        l.key, l.principal, l.chance, l.vetted = mix(luck), max(ROUND, ROUND * math.floor(size / ROUND)), chance, 0.0
        l.owner, l.customer, l.day, l.month, l.seen, l.quality = i, row, 0, -age, -1, quality
        l.due, l.counted = 1 if age - 1 >= w.lending.term else 0, 0
        s.customers[row].borrows = 1
        c.opening += l.principal
        c.balance += l.principal


@rule
def recall(w: World, monthly: float, luck: np.uint64) -> tuple[int, int, float, int]:
    """A customer's past in months, asking `monthly` times a month when free: age of the loan owed today (0: none), class, chance, next draw.

    Begun free so long ago that the start is forgotten: two terms and two years.
    """
    month, draw = -int(2.0 * w.lending.term) - 24, 0
    while monthly > 0.0:
        month += 1 + int(-math.log(uniform(luck, draw)) / monthly)             # the month the loan is made in
        if month >= 0:
            break
        chance = default_chance(uniform(luck, draw + 1), w.lending.opening_mean, w.lending.foreseeable)
        quality, age, open_still = NORMAL, 0, True
        draw += 2
        while open_still and month + age < -1:                                 # a month's end passes
            age += 1
            quality = class_after(uniform(luck, draw), quality, fall_of(w, chance, age), cure_of(w, quality), worsening_of(w, quality))
            draw += 1
            open_still = quality < GIVEN_UP and not (age >= w.lending.term and quality == NORMAL)
        if open_still:
            return -month, quality, chance, draw
        month += age
    return 0, NORMAL, 0.0, draw


@rule
def fall_of(w: World, chance: float, age: int) -> float:
    """Chance that a normal loan of so many months turns bad this month."""
    if w.lending.grace < age <= w.lending.term:
        return monthly_fall(chance, max(1.0, w.lending.term - w.lending.grace))
    return 0.0


@rule
def lend(s: State, w: World, q: Practice, seed: np.uint64, day: int) -> None:
    """Applications come in, are vetted and decided; a month's end turns the loans' classes and closes the month's books."""
    for i in range(len(s.managers)):
        if s.managers[i].vacancy > 0:                  # applications wait for the successor
            continue
        made = s.credit[i].made
        receive(s, w, q, seed, i, day)
        vet(s, w, i)
        decide(s, w, q, seed, i, day)
        s.credit[i].gathered += reach(s.managers[i].hours[COLLECTION], w.par.effort_eta)
        s.credit[i].pace += MEMORY * (s.credit[i].made - made - s.credit[i].pace)
        _, _, pull, _ = stakes(s, w, i)
        s.credit[i].usual += (MEMORY if day > 0 else 1.0) * (pull - s.credit[i].usual)
    if w.days[day].month_ends:
        age_loans(s, w, seed, day)
        for i in range(len(s.managers)):
            close_month(s, w, i, day)


@rule
def asks(s: State, w: World, row: int) -> float:
    """Applications a day of one customer: by segment, or as one won in the run."""
    return w.lending.account_asks if is_new(w, row) else w.segments[s.customers[row].segment].asks


@rule
def is_new(w: World, row: int) -> bool:
    """Whether the customer was won in the run."""
    old = 0
    for i in range(len(w.people)):
        old += int(w.people[i].portfolio)
    return row >= old


@rule
def loan_log_median(s: State, w: World, row: int) -> float:
    """Logarithm of the median loan that the customer asks for."""
    return w.lending.account_loan_log_median if is_new(w, row) else w.segments[s.customers[row].segment].loan_log_median


@rule
def limit_of(w: World, q: Practice) -> float:
    """The most one customer may owe, CNY: the scenario's limit or the policy's."""
    return min(w.lending.loan_most, q.par.loan_limit)


@rule
def asked_a_day(s: State, w: World, i: int) -> float:
    """CNY that manager i's customers ask for on an ordinary day, but for limits."""
    total, spread = 0.0, math.exp(0.5 * w.lending.loan_log_sd * w.lending.loan_log_sd)
    for place in range(s.managers[i].held):
        row = s.book[i, place]
        if s.customers[row].borrows > 0:
            continue
        total += asks(s, w, row) * min(w.lending.loan_most, math.exp(loan_log_median(s, w, row)) * spread)
    return total


@rule
def receive(s: State, w: World, q: Practice, seed: np.uint64, i: int, day: int) -> None:
    """Customers of manager i who ask for a loan today: drawn at the highest rate of all, thinned to each one's own.

    Whoever already asks or owes does not ask again. The chance of default is drawn with the application and hidden.
    """
    held = s.managers[i].held
    mean = held * w.lending.most_asks * w.days[day].demand
    key = stream(seed, APPLICATION, s.people[i].seat, day)
    keys = stream(seed, LOAN_KEY, s.people[i].seat, day)
    for c in range(poisson(uniform(key, 0), mean)):
        row = s.book[i, int(uniform(key, 2 * c + 1) * held)]
        if uniform(key, 2 * c + 2) * w.lending.most_asks >= asks(s, w, row) or s.customers[row].borrows > 0:
            continue
        s.ledger[w.days[day].month, i, G_APPLICATIONS] += 1.0
        a = s.queue[i, s.credit[i].waiting]
        s.credit[i].waiting += 1
        s.customers[row].borrows = 1
        a.key = mix(keys + np.uint64(c))
        luck = stream(seed, QUALITY, a.key, ALWAYS)
        size = math.exp(loan_log_median(s, w, row) + w.lending.loan_log_sd * normal(uniform(luck, 0)))
        a.principal = max(ROUND, ROUND * math.floor(min(size, limit_of(w, q)) / ROUND))
        a.chance = default_chance(uniform(luck, 1), w.lending.default_mean, w.lending.foreseeable)
        a.owner, a.customer, a.day, a.vetted = i, row, day, 0.0


@rule
def vet(s: State, w: World, i: int) -> None:
    """Vetting hours of the day are spread over all applications that wait."""
    waiting = s.credit[i].waiting
    hours = s.managers[i].hours[VETTING]
    if waiting > 0 and hours > 0.0:
        for place in range(waiting):
            s.queue[i, place].vetted += reach(hours, w.par.effort_eta) / waiting


@rule
def decide(s: State, w: World, q: Practice, seed: np.uint64, i: int, day: int) -> None:
    """Applications that have waited long enough are approved or declined by what they are worth to the manager, and on a month's last
    day those that are worth more now than vetted later (`hurried`).

    If vetting found the quality, the loan is judged by it, and declined if the policy's rule says so; otherwise as an average one.
    """
    kept = 0
    for place in range(s.credit[i].waiting):
        a = s.queue[i, place]
        waited = day - a.day
        if waited < w.lending.decision_days and not (w.days[day].month_ends and waited >= w.lending.soonest and hurried(s, w, i)):
            if kept < place:
                s.queue[i, kept] = a
            kept += 1
            continue
        found = uniform(stream(seed, DETECTION, a.key, ALWAYS), 0) < chance_found(w.lending.vetting_rate, a.vetted)
        believed = a.chance if found else w.lending.default_mean
        gain, loss, pull, liable = stakes(s, w, i)
        ruled_out = found and a.chance > q.par.decline_above
        if not ruled_out and worth_of_lending(gain, loss, believed) >= 0.0:
            pay_out(s, w, q, i, place, day, enlarged(worth_of_lending(pull, liable, believed), w.lending.loan_stretch, w.lending.loan_stretch_half))
        else:
            s.customers[a.customer].borrows = 0
    s.credit[i].waiting = kept


@rule
def hurried(s: State, w: World, i: int) -> bool:
    """Whether manager i decides today, unseen, what could still be vetted: what pay gives for lending today is more than as a rule."""
    gain, loss, pull, _ = stakes(s, w, i)
    later = gain - pull + s.credit[i].usual
    return worth_of_hurrying(gain, later, loss, w.lending.default_mean, w.lending.foreseeable) > HAIR


@rule
def pay_out(s: State, w: World, q: Practice, i: int, place: int, day: int, factor: float) -> None:
    """Application at `place` of manager i's queue becomes a loan, perhaps a larger one than was asked for."""
    l, c, month = s.loans[s.tally.loans], s.credit[i], w.days[day].month
    s.loans[s.tally.loans] = s.queue[i, place]
    s.tally.loans += 1
    size = ROUND * math.floor(min(l.principal * factor, limit_of(w, q)) / ROUND)
    size = max(size, l.principal)
    l.chance = strained(l.chance, size / l.principal, w.lending.stretch_risk)
    l.principal = size
    l.month, l.seen, l.quality, l.due, l.counted = month, day, NORMAL, 0, 0
    c.made += size
    c.balance += size
    s.ledger[month, i, G_MADE] += size
    s.ledger[month, i, G_LOANS] += 1.0
    s.ledger[month, i, G_COST] += w.lending.loan_cost
    for period in PERIODS:
        s.managers[i].period_units[M_LOANS, period] += size


# --- the month's end --------------------------------------------------------------------------------------------------


@rule
def cure_of(w: World, quality: int) -> float:
    """Chance a month that a bad loan of this class is cured without collection."""
    if quality == SUBSTANDARD:
        return w.lending.cure_substandard
    return w.lending.cure_doubtful if quality == DOUBTFUL else w.lending.cure_loss


@rule
def worsening_of(w: World, quality: int) -> float:
    """Chance a month that a bad loan of this class, if not cured, gets worse."""
    if quality == SUBSTANDARD:
        return w.lending.worsen_substandard
    return w.lending.worsen_doubtful if quality == DOUBTFUL else w.lending.write_off


@rule
def share_given_up(w: World, quality: int) -> float:
    """Chance that a loan of this bad class is given up in the end, without collection."""
    share = 1.0
    for k in range(quality, GIVEN_UP):
        share *= goes_on(cure_of(w, k), worsening_of(w, k))
    return share


@rule
def age_loans(s: State, w: World, seed: np.uint64, day: int) -> None:
    """A month passes over every loan: interest, the next class, the term's end, and who is quit of it."""
    month, place = w.days[day].month, 0
    while place < s.tally.loans:
        l = s.loans[place]
        c, line = s.credit[l.owner], s.ledger[month, l.owner]
        bad = c.counts[SUBSTANDARD] + c.counts[DOUBTFUL] + c.counts[LOSS]          # as collected over the month
        if l.quality == NORMAL:
            line[G_INTEREST] += l.principal * w.lending.yield_daily * (day - l.seen)
        line[G_COST] += l.principal * w.lending.funding_daily * (day - l.seen)
        l.seen = day
        age = month - l.month
        if age > 0:
            before = l.quality
            cure = cured(cure_of(w, before), w.lending.collection_rate, c.gathered / bad) if before > NORMAL and bad > 0.0 else 0.0
            l.quality = class_after(uniform(stream(seed, LOAN_CLASS, l.key, month), 0), before, fall_of(w, l.chance, age), cure, worsening_of(w, before))
            if before == NORMAL and l.quality > NORMAL:
                line[G_DEFAULTED] += l.principal
        if age >= w.lending.term and l.due == 0:
            l.due, l.counted = 1, 1
            c.due += l.principal
        if l.quality == GIVEN_UP:
            c.lost += l.principal
            line[G_LOST] += l.principal
            close_loan(s, place)
        elif l.due > 0 and l.quality == NORMAL:
            c.repaid += l.principal
            line[G_REPAID] += l.principal
            c.recovered += l.principal * l.counted
            close_loan(s, place)
        else:
            place += 1
    count_loans(s)


@rule
def count_loans(s: State) -> None:
    """Loans and balances by class, and what is overdue, of each manager."""
    for i in range(len(s.managers)):
        s.credit[i].overdue = 0.0
        for k in range(LOAN_CLASSES):
            s.credit[i].counts[k], s.credit[i].balances[k] = 0.0, 0.0
    for place in range(s.tally.loans):
        l = s.loans[place]
        s.credit[l.owner].counts[l.quality] += 1.0
        s.credit[l.owner].balances[l.quality] += l.principal
        s.credit[l.owner].overdue += l.principal * l.due


@rule
def close_loan(s: State, place: int) -> None:
    """A loan that is settled leaves; the last one takes its place."""
    l = s.loans[place]
    s.credit[l.owner].balance -= l.principal
    s.customers[l.customer].borrows = 0
    s.tally.loans -= 1
    s.loans[place] = s.loans[s.tally.loans]


@rule
def provision(c: np.record) -> float:
    """Loan loss of C2, CNY: 30 % of substandard, 50 % of doubtful and all of loss-class balances."""
    total = 0.0
    for k in range(LOAN_CLASSES):
        total += SHARE_LOST[k] * c.balances[k]
    return total


@rule
def bad_balance(c: np.record) -> float:
    """CNY in the three bad classes."""
    return c.balances[SUBSTANDARD] + c.balances[DOUBTFUL] + c.balances[LOSS]


@rule
def close_month(s: State, w: World, i: int, day: int) -> None:
    """The month of manager i in the books: income and cost, levels; what pay counts is written where pay looks for it."""
    today, c, m = w.days[day], s.credit[i], s.managers[i]
    line = s.ledger[today.month, i]
    average, part = c.average, month_part(w, today.month_days)
    line[G_INCOME] = line[G_INTEREST] + average * w.lending.transfer_daily * part
    line[G_COST] += average * w.lending.deposit_interest_daily * part
    line[G_BALANCE], line[G_SUBSTANDARD], line[G_DOUBTFUL], line[G_LOSS] = c.balance, c.balances[1], c.balances[2], c.balances[3]
    line[G_DUE], line[G_RECOVERED], line[G_UNRECOVERED] = c.due, c.recovered, c.overdue
    for period in PERIODS:
        m.period_units[M_INTEREST, period] += line[G_INTEREST]
        m.period_units[M_LOST, period] += line[G_LOST]
        m.period_units[M_INCOME, period] += line[G_INCOME]
        m.period_units[M_COST, period] += line[G_COST]
        m.period_units[M_PROFIT, period] += line[G_INCOME] - line[G_COST] - line[G_LOST]
        m.period_units[M_YUAN_DAYS, period] += average * today.month_days
        c.deposit_sum[period] += average
        c.months[period] += 1.0
        if ends(today, period):
            m.period_units[M_PROFIT, period] -= provision(c)
            m.period_units[M_DEPOSITS, period] = c.deposit_sum[period] / c.months[period]
            c.deposit_sum[period], c.months[period] = 0.0, 0.0
            for measure in (M_BALANCE, M_SUBSTANDARD, M_DOUBTFUL, M_LOSS, M_PROVISION, M_RATIO, M_RECOVERED, M_UNRECOVERED):
                m.period_units[measure, period] = level_of(c, measure)
    c.gathered = 0.0
    if today.year_ends:
        c.due, c.recovered = 0.0, 0.0
        for place in range(s.tally.loans):
            if s.loans[place].owner == i:
                s.loans[place].counted = 0


@rule
def level_of(c: np.record, measure: int) -> float:
    """A level as it stands now, in the units of its measure."""
    if measure == M_BALANCE:
        return c.balance
    if measure == M_SUBSTANDARD:
        return c.balances[SUBSTANDARD]
    if measure == M_DOUBTFUL:
        return c.balances[DOUBTFUL]
    if measure == M_LOSS:
        return c.balances[LOSS]
    if measure == M_PROVISION:
        return provision(c)
    if measure == M_RATIO:
        return bad_balance(c) / c.balance if c.balance > 0.0 else 0.0
    if measure == M_RECOVERED:
        return c.recovered / c.due if c.due > 0.0 else 1.0
    return c.deposits if measure == M_DEPOSITS else c.overdue


# --- what managers make of it -----------------------------------------------------------------------------------------


@rule
def keep_worth(s: State, i: int) -> None:
    """Keep what a unit of each pay measure is worth at the margin, for the decisions and the plan of tomorrow."""
    for u in range(s.desk.uses):
        m = int(s.desk.used[u])
        s.credit[i].worth[m] = s.desk.worth[m]


@rule
def loss_in_pay(s: State, w: World, i: int, quality: int) -> float:
    """What pay takes, later and so at a discount, for a CNY that is in this bad class now, CNY: liability, recovery terms, profit."""
    c = s.credit[i]
    v, given_up = c.worth, share_given_up(w, quality)
    total = given_up * (v[M_LOST] - v[M_PROFIT] + v[M_PROVISION]) + v[M_UNRECOVERED]
    if quality == SUBSTANDARD:
        total += v[M_SUBSTANDARD]
    if quality <= DOUBTFUL:
        total += v[M_DOUBTFUL] * (1.0 if quality == DOUBTFUL else goes_on(w.lending.cure_substandard, w.lending.worsen_substandard))
    if w.lending.write_off > 0.0:
        total += v[M_LOSS] * given_up / goes_on(w.lending.cure_loss, w.lending.write_off)
    if v[M_RATIO] != 0.0 and c.balance > 0.0:
        total += v[M_RATIO] / c.balance
    if v[M_RECOVERED] != 0.0:
        total -= v[M_RECOVERED] / max(c.due, c.balance) if max(c.due, c.balance) > 0.0 else 0.0
    return -w.lending.loss_foresight * total


@rule
def stakes(s: State, w: World, i: int) -> tuple[float, float, float, float]:
    """What a CNY lent is worth to manager i at nil chance of default, and what it loses by a default; then both in pay alone."""
    v, days = s.credit[i].worth, w.lending.term * w.lending.days_a_year / 12.0
    interest, funding = w.lending.yield_daily * days, w.lending.funding_daily * days
    pull = v[M_LOANS] + v[M_BALANCE] + interest * (v[M_INTEREST] + v[M_INCOME]) + funding * v[M_COST] + (interest - funding) * v[M_PROFIT]
    liable = max(0.0, loss_in_pay(s, w, i, SUBSTANDARD))
    gain = pull + w.lending.conscience * (interest - funding)
    return gain, liable + w.lending.conscience * share_given_up(w, SUBSTANDARD), pull, liable


@rule
def weigh_credit(s: State, w: World, i: int) -> None:
    """Put vetting and collection on the desk. Vetting: applications whose quality a first hour finds, and what that is worth to the
    manager. Collection: bad loans that a first hour cures, and what that is worth."""
    d, c = s.desk, s.credit[i]
    d.theta[VETTING], d.own_worth[VETTING], d.theta[COLLECTION], d.own_worth[COLLECTION] = 0.0, 0.0, 0.0, 0.0
    hidden, asked = 0.0, 0.0
    if c.waiting > 0:
        for place in range(c.waiting):
            left = 1.0 - chance_found(w.lending.vetting_rate, s.queue[i, place].vetted)
            hidden += left
            asked += left * s.queue[i, place].principal
    if hidden > 0.0:
        gain, loss, _, _ = stakes(s, w, i)
        d.theta[VETTING] = hidden * chance_found(w.lending.vetting_rate, 1.0 / c.waiting)
        d.own_worth[VETTING] = worth_of_finding(gain, loss, w.lending.default_mean, w.lending.foreseeable) * asked / hidden
    bad = c.counts[SUBSTANDARD] + c.counts[DOUBTFUL] + c.counts[LOSS]
    if bad > 0.0:
        worth = 0.0
        for k in range(SUBSTANDARD, GIVEN_UP):
            felt = w.lending.conscience * share_given_up(w, k) + max(0.0, loss_in_pay(s, w, i, k))
            worth += felt * c.balances[k]
        d.theta[COLLECTION] = bad * math.exp(-w.lending.collection_rate * c.gathered / bad) * chance_found(w.lending.collection_rate, 1.0 / bad)
        d.own_worth[COLLECTION] = worth / bad


@rule
def expected_of(s: State, w: World, j: int, measure: int) -> tuple[int, float]:
    """What manager j's loans and deposits will bring of a measure: so much a day, or a level at the period's end."""
    c = s.credit[j]
    if measure == M_LOANS:
        return PER_DAY, c.pace
    interest, funding = c.balances[NORMAL] * w.lending.yield_daily, c.balance * w.lending.funding_daily
    transfer = c.deposits * w.lending.transfer_daily
    lost = c.balances[LOSS] * worsening_of(w, LOSS) * 12.0 / w.lending.days_a_year
    cost = funding + c.deposits * w.lending.deposit_interest_daily
    if measure == M_INTEREST:
        return PER_DAY, interest
    if measure == M_LOST:
        return PER_DAY, lost
    if measure == M_INCOME:
        return PER_DAY, interest + transfer
    if measure == M_COST:
        return PER_DAY, cost
    if measure == M_PROFIT:
        return PER_DAY, interest + transfer - cost - lost
    if measure == M_YUAN_DAYS:
        return PER_DAY, c.deposits * 365.0 / w.lending.days_a_year
    return AT_END, level_of(c, measure)


@rule
def of_credit(measure: int) -> bool:
    """Whether a measure comes of loans and deposits, which today's hours do not move at once."""
    return M_LOANS <= measure < M_LOANS + len(CREDIT_MEASURES)


@rule
def settle_still(pay: Schedules, o: np.recarray, risk: float) -> None:
    """Work out once what pay for loans and deposits comes to, and its slopes, since no level of effort today changes them."""
    for g in range(len(o)):
        line = pay.lines[g]
        if line.joint == SIMPLE and of_credit(line.measure):
            o[g].still = 1
            o[g].value, o[g].slope = forecast(pay, g, o, 0.0, risk)
        elif line.joint == JOINT:
            still = 1
            for place in range(line.inputs, line.inputs_stop):
                if 0 <= pay.lines[place].measure and not of_credit(pay.lines[place].measure):
                    still = 0
            for m in range(MEASURE_COUNT):
                o[g + m].still, o[g + m].value = still, 0.0
            if still > 0:
                o[g].value = forecast_plain(pay, g, o, (0.0, 0.0))


@rule
def look_at_loans(s: State, w: World, q: Practice, line: np.record, o: np.record, i: int, day: int) -> None:
    """What manager i expects of a measure of loans and deposits in a merged schedule: what all who share it have under way."""
    if not of_credit(line.measure):
        return
    o.others, size = 0.0, 0.0
    for j in range(len(s.managers)):
        if shares_pay(s, q, line, i, j):
            kind, amount = expected_of(s, w, j, line.measure)
            if kind == PER_DAY:
                o.others += amount * w.days[day].demand if line.measure == M_LOANS else amount
                size += abs(amount)
            else:
                o.others += amount / o.left
                size += abs(amount) / o.left
            if line.measure == M_PROFIT:
                o.others -= provision(s.credit[j]) / o.left
    o.sd = max(1e-9, size)                                 # a day's figure is as uncertain as it is large
