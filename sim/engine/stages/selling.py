"""Stages 3 and 4 with customers in full: whom a manager contacts, what is offered and bought, and what that counts for."""

from __future__ import annotations

import math

import numpy as np

from sim.compiled import rule
from sim.engine.stages.chances import reached
from sim.engine.stages.keeping import (
    assets_of, bring_up, count_in, court, depart, fall_due, foresee, held_assets, holds, items_held, line_up, market_day, need_of,
    step_out, welcome_new,
)
from sim.engine.stages.deals import deals_arrive, deals_promise, take_walk_ins, work_deals
from sim.engine.stages.work import open_account
from sim.engine.stages.settling import ends
from sim.engine.state import (
    ASSETS, AUM, CARD, CARDS, CHAINS, CLASS_MOST, CROSS, DEPOSIT,
    FEES, FUND, INCOME, INSURANCE, ITEMS_EACH, BORROWING, M_DEPOSITS, MEASURE_COUNT, PREFERRED, PRODUCTS,
    R_CHANNEL, R_CONTACTS, S_CARDS, S_FUND_RETURN, S_FUNDS, S_INCOME, S_LATE, S_MONEY_IN, S_OFFERS, S_POLICIES,
    S_PREMIUMS, S_REFERRALS, S_REVIEWS, S_SALES, S_UNSUITABLE, S_WEALTH, SERVICE, SERVICE_CONTACTS, SEVERAL_SHARE, WEALTH, Full,
    Practice, State, World,
)
from sim.engine.streams import ALWAYS, CONTACTS, OFFER, OFFER_SIZE, PICK, REFERRAL, WAY, normal, poisson, stream, uniform
from sim.policy.kernel import PERIODS
from sim.rules.customers import contacted
from sim.rules.learning import learn
from sim.rules.prospecting import conversion, mean_contacts
from sim.rules.selling import attention, fit, mood, perceived, purchases, pushed

OFFERS = 0               # place of offers among what selling brings; deals come second
MOST_OF_BALANCE = 0.9    # nobody puts a whole balance into one product


# ---- Morning and evening -----------------------------------------------------------------------------------------------


@rule
def open_day(s: State, w: World, f: Full, q: Practice, seed: np.uint64, day: int) -> None:
    """Before anybody plans: the market moves, customers leave, contacts fall due, deals and levels are what they are."""
    if day > 0:
        market_day(s, w, f, seed, day)
        depart(s, w, f, seed, day)
        fresh_periods(s, w, f, day)
    if q.retail.standard > 0:
        fall_due(s, f, q, day)
    deals_arrive(s, w, f, seed, day)
    write_levels(s, w, f)
    for i in range(len(s.managers)):
        weigh_selling(s, w, f, i, day)


@rule
def fresh_periods(s: State, w: World, f: Full, day: int) -> None:
    """Daily averages start anew with a month or quarter."""
    for period in PERIODS:
        if ends(w.days[day - 1], period):
            for i in range(len(s.managers)):
                f.sellers[i].aum_sum[period] = 0.0
                f.sellers[i].aum_days[period] = 0.0


@rule
def write_levels(s: State, w: World, f: Full) -> None:
    """What pay reads as a level: products a customer, share with several, the period's mean of assets so far."""
    for i in range(len(s.managers)):
        seller, m = f.sellers[i], s.managers[i]
        for period in PERIODS:
            m.period_units[ITEMS_EACH, period] = seller.items / m.held if m.held > 0 else 0.0
            m.period_units[SEVERAL_SHARE, period] = seller.several / m.held if m.held > 0 else 0.0
            days = seller.aum_days[period]
            m.period_units[AUM, period] = seller.aum_sum[period] / days if days > 0.0 else held_assets(s, f, i)


@rule
def close_day(s: State, w: World, f: Full, q: Practice, day: int) -> None:
    """Before pay: margins accrue, daily averages move on, overdue contacts are counted."""
    week = w.days[day].week
    for i in range(len(s.managers)):
        credit_income(s, f, i, week, accrual(s, w, f, i))
        seller = f.sellers[i]
        for period in PERIODS:
            seller.aum_sum[period] += held_assets(s, f, i)
            seller.aum_days[period] += 1.0
        seller.deposit_sum += seller.deposits
        for c in range(q.retail.classes):
            f.weeks[week, i, S_LATE] += f.queues[i, c].late
    write_levels(s, w, f)


@rule
def accrual(s: State, w: World, f: Full, i: int) -> float:
    """Margin of one day on what the book holds, CNY."""
    seller, goods = f.sellers[i], f.products
    yearly = goods[DEPOSIT].margin * seller.deposits + goods[BORROWING].margin * seller.lent + goods[WEALTH].margin * seller.wealth
    return (yearly + goods[FUND].margin * seller.units * f.board.index) / f.par.year_days


@rule
def credit_income(s: State, f: Full, i: int, week: int, amount: float) -> None:
    """Income, CNY, counts for the bank and for whoever is paid by it."""
    f.weeks[week, i, S_INCOME] += amount
    for period in PERIODS:
        s.managers[i].period_units[INCOME, period] += amount


# ---- Whom to contact ---------------------------------------------------------------------------------------------------


@rule
def attend(s: State, w: World, f: Full, q: Practice, seed: np.uint64, day: int) -> None:
    """Service hours and selling hours become contacts, deal hours progress; visitors are received."""
    n = len(s.managers)
    welcome_new(s, w, f, seed, day)
    take_walk_ins(s, w, f, q, seed, day)
    for turn in range(n):
        i = (turn + day) % n
        visits(s, w, f, q, seed, day, i, False)
        visits(s, w, f, q, seed, day, i, True)
        work_deals(s, w, f, seed, day, i)


@rule
def visits(s: State, w: World, f: Full, q: Practice, seed: np.uint64, day: int, i: int, sells: bool) -> None:
    """Contacts of one kind by manager i today. Time left over, in telephone contacts, is kept for tomorrow."""
    hours = s.managers[i].hours[CROSS if sells else SERVICE]
    if hours <= 0.0 or s.managers[i].held == 0:
        return
    pace = f.par.offer_pace if sells else w.par.service_pace
    mean = mean_contacts(reached(s.managers[i], CROSS if sells else SERVICE, hours, w.par.effort_eta), pace, 1.0) * w.days[day].demand
    key = stream(seed, OFFER if sells else CONTACTS, s.people[i].seat, day)
    seller = f.sellers[i]
    credit = poisson(uniform(key, 0), mean) + (seller.credit_offers if sells else seller.credit_service)
    picks = stream(seed, PICK, s.people[i].seat, 2 * day + (1 if sells else 0))
    made = 0
    while credit > 0.0:
        c = whose_class(s, f, q, i, day, sells, uniform(picks, made))
        if c < 0:
            credit = 0.0                                   # everybody has been contacted today
            break
        row = f.queues[i, c].head
        way = way_of(s, w, f, q, seed, row, c)
        review = reviewed_now(s, w, f, q, row, day)
        cost = f.ways[way].time + (f.par.review_time if review else 0.0)
        if cost > credit:
            break
        credit -= cost
        contact(s, w, f, seed, day, i, row, way, review, sells)
        made += 1
    if sells:
        seller.credit_offers = credit
    else:
        seller.credit_service = credit
        s.weeks[w.days[day].week, i, R_CONTACTS] += made
        for period in PERIODS:
            s.managers[i].period_units[SERVICE_CONTACTS, period] += made


@rule
def whose_class(s: State, f: Full, q: Practice, i: int, day: int, sells: bool, u: float) -> int:
    """The class whose longest-waiting customer is next; -1: nobody is left today.

    Service follows the standard where there is one and somebody is due: the longest due first. Otherwise classes are drawn by
    the number of their customers times what a contact there is worth to the manager.
    """
    queues, seller = f.queues, f.sellers[i]
    if q.retail.standard > 0 and not sells:
        first, due = -1, day + 1.0
        for c in range(q.retail.classes):
            head = queues[i, c].head
            if head >= 0 and q.retail.every[c] > 0.0 and f.clients[head].touched < day:
                when = f.clients[head].touched + q.retail.every[c]
                if when < due:
                    first, due = c, when
        if first >= 0:
            return first
    total = 0.0
    for c in range(q.retail.classes):
        head = queues[i, c].head
        if head >= 0 and f.clients[head].touched < day:
            total += queues[i, c].count * (seller.sell_focus[c] if sells else seller.focus[c])
    found, point = -1, u * total
    for c in range(q.retail.classes):
        head = queues[i, c].head
        if head >= 0 and f.clients[head].touched < day:
            found = c
            point -= queues[i, c].count * (seller.sell_focus[c] if sells else seller.focus[c])
            if point < 0.0:
                break
    return found


@rule
def preferred_way(s: State, w: World, f: Full, seed: np.uint64, row: int) -> int:
    """The channel a customer prefers, drawn by the customer's key."""
    c = f.clients[row]
    u, way = uniform(stream(seed, WAY, c.home, ALWAYS), c.number), 0
    while way + 1 < len(f.ways) and u >= f.ways[way].share:
        u -= f.ways[way].share
        way += 1
    return way


@rule
def way_of(s: State, w: World, f: Full, q: Practice, seed: np.uint64, row: int, c: int) -> int:
    """The channel of contact: the policy's for the class, or the customer's own; the telephone where nothing is said."""
    way = int(q.retail.way[c])
    return preferred_way(s, w, f, seed, row) if way == PREFERRED else way


@rule
def reviewed_now(s: State, w: World, f: Full, q: Practice, row: int, day: int) -> bool:
    """Whether this contact is the review of assets that the policy wants of such a customer this month or quarter."""
    if q.retail.review_months <= 0:
        return False
    c = f.clients[row]
    last = c.reviewed
    return c.counted >= q.retail.review_above and (last < 0 or w.days[day].month - last >= q.retail.review_months)


@rule
def contact(s: State, w: World, f: Full, seed: np.uint64, day: int, i: int, row: int, way: int, review: bool, sells: bool) -> None:
    """One contact: it pleases, and irritates; it may be an offer, and the contented send others."""
    bring_up(s, w, f, row, day)
    step_out(s, f, row)
    gain = w.par.contact_gain * f.ways[way].gain
    if way != preferred_way(s, w, f, seed, row):
        gain *= f.par.channel_mismatch
    if sells:
        gain *= f.par.selling_gain
    if review:
        gain *= f.par.review_gain
        f.clients[row].reviewed = w.days[day].month
        f.weeks[w.days[day].week, i, S_REVIEWS] += 1.0
    customer = s.customers[row]
    customer.satisfaction = contacted(customer.satisfaction, customer.irritation, min(1.0, gain), w.par.annoyance)
    customer.irritation += f.ways[way].irritation
    f.clients[row].touched = day
    if sells:
        offer(s, w, f, seed, day, i, row, review)
    court(s, f, row)
    line_up(s, f, row)
    foresee(s, w, f, row, day)
    chance = f.par.referral_rate * (s.customers[row].satisfaction - 0.5)
    if chance > 0.0:
        c = f.clients[row]
        if uniform(stream(seed, REFERRAL, c.home, day), c.number) < chance:
            f.weeks[w.days[day].week, i, S_REFERRALS] += 1.0
            open_account(s, w, seed, day, i, R_CHANNEL + CHAINS, True)
            welcome_new(s, w, f, seed, day)


# ---- What is offered ---------------------------------------------------------------------------------------------------


@rule
def pitch_of(s: State, w: World, f: Full, i: int) -> float:
    """How well manager i sells, 0 to 1 for most."""
    return conversion(f.sellers[i].skill, f.par.offer_unskilled, f.par.offer_skilled) * s.managers[i].talent


@rule
def money_asked(w: World, f: Full, p: int, assets: float, balance: float) -> float:
    """CNY of one sale of product p to a customer with these assets and deposits, before it varies. Cards have none."""
    amount = f.products[p].part * assets
    if p == FUND or p == WEALTH or p == INSURANCE:
        return min(amount, MOST_OF_BALANCE * balance)
    return amount


@rule
def pay_for_sale(s: State, w: World, f: Full, i: int, p: int, amount: float, second: bool) -> float:
    """What a sale adds to manager i's expected pay at this morning's margins, CNY. second: it makes one product two."""
    worths, goods, held = s.managers[i].worths, f.products[p], max(1, s.managers[i].held)
    pay = (worths[INCOME] + worths[FEES]) * fee_of(w, f, p, amount) + worths[ITEMS_EACH] / held
    if goods.measure >= 0:
        pay += worths[goods.measure] * (1.0 if p == CARD else amount)
    if goods.items >= 0:
        pay += worths[goods.items]
    if second:
        pay += worths[SEVERAL_SHARE] / held
    if p == DEPOSIT:
        pay += (worths[AUM] + worths[ASSETS] + worths[M_DEPOSITS]) * amount
    elif p == FUND or p == WEALTH or p == INSURANCE:      # money leaves the account for it
        pay -= worths[M_DEPOSITS] * amount
    return pay


@rule
def fee_of(w: World, f: Full, p: int, amount: float) -> float:
    """What the bank earns at once on a sale, CNY."""
    return f.products[p].fee * (1.0 if p == CARD else amount)


@rule
def fund_mood(s: State, w: World, f: Full, i: int) -> float:
    """Demand for funds after the returns of late; a skilled manager's advice undoes part of the chase (casebook C17)."""
    return mood(f.board.past - f.par.return_mean, f.par.return_pull, f.par.advice * f.sellers[i].skill)


@rule
def offer(s: State, w: World, f: Full, seed: np.uint64, day: int, i: int, row: int, review: bool) -> None:
    """The product that promises the manager most by what is seen of the customer's needs; then the customer decides."""
    seller, customer, c = f.sellers[i], s.customers[row], f.clients[row]
    assets, chasing, pitch = assets_of(s, f, row), fund_mood(s, w, f, i), pitch_of(s, w, f, i)
    insight = 1.0 if review else f.par.offer_insight * seller.skill
    single = items_held(s, row) == 1
    best, top, best_pay = -1, 0.0, 0.0
    for p in range(len(PRODUCTS)):
        if f.products[p].repeats == 0 and holds(s, row, p):
            continue
        known = perceived(need_of(s, w, f, seed, row, p), f.needs[customer.segment, p], insight)
        pay = pay_for_sale(s, w, f, i, p, money_asked(w, f, p, assets, customer.balance), single and not holds(s, row, p))
        found = purchases(known, pitch, customer.satisfaction, f.par.sale_trust, chasing if p == FUND else 1.0)
        found += pushed(pay, f.par.push_scruple, f.par.push_strength)
        value = found * (max(0.0, pay) + f.par.sale_worth)
        if value > top:
            best, top, best_pay = p, value, pay
    week = w.days[day].week
    f.weeks[week, i, S_OFFERS] += 1.0
    seller.skill = learn(seller.skill, 1.0, w.par.learning_rate, w.par.skill_ceiling)
    if best < 0:
        return
    needed = purchases(need_of(s, w, f, seed, row, best), pitch, customer.satisfaction, f.par.sale_trust, chasing if best == FUND else 1.0)
    pressed = pushed(best_pay, f.par.push_scruple, f.par.push_strength)
    key = stream(seed, OFFER, c.home, day)
    bought = poisson(uniform(key, 2 * c.number + 1), needed + pressed)
    if bought == 0:
        return
    if f.products[best].repeats == 0:
        bought = 1
    for n in range(bought):
        sell(s, w, f, seed, day, i, row, best, assets, n)
    if uniform(key, 2 * c.number + 2) >= fit(needed, pressed):
        f.weeks[week, i, S_UNSUITABLE] += 1.0
        customer.satisfaction = max(0.0, customer.satisfaction - f.par.push_offence)
        c.regret += f.par.push_hazard / f.par.year_days


@rule
def sell(s: State, w: World, f: Full, seed: np.uint64, day: int, i: int, row: int, p: int, assets: float, n: int) -> None:
    """A purchase: money moves, holdings and every counter that knows the product move with it."""
    customer, c, goods, week = s.customers[row], f.clients[row], f.products[p], w.days[day].week
    factor = 1.0
    if goods.part_sd > 0.0:
        z = normal(uniform(stream(seed, OFFER_SIZE, c.home, day), c.number * 64 + min(n, 7) * 8 + p))
        factor = math.exp(goods.part_sd * z - 0.5 * goods.part_sd * goods.part_sd)
    amount = factor * goods.part * assets
    count_in(s, f, row, -1.0)
    if p == FUND or p == WEALTH or p == INSURANCE:
        amount = min(amount, MOST_OF_BALANCE * customer.balance)
        customer.balance -= amount
    if p == DEPOSIT:
        customer.balance += amount
        f.board.money_in += amount
        f.weeks[week, i, S_MONEY_IN] += amount
    elif p == BORROWING:
        c.lent += amount
    elif p == FUND:
        c.units += amount / f.board.index
        f.board.units += amount / f.board.index
        f.weeks[week, i, S_FUNDS] += amount
        f.weeks[week, i, S_FUND_RETURN] += amount * (f.board.past - f.par.return_mean)
    elif p == WEALTH:
        c.wealth += amount
        f.weeks[week, i, S_WEALTH] += amount
    elif p == INSURANCE:
        f.board.premiums += amount
        f.weeks[week, i, S_PREMIUMS] += amount
        f.weeks[week, i, S_POLICIES] += 1.0
    else:
        f.weeks[week, i, S_CARDS] += 1.0
    customer.holdings |= 1 << p
    count_in(s, f, row, 1.0)
    f.weeks[week, i, S_SALES] += 1.0
    credit_income(s, f, i, week, fee_of(w, f, p, amount))
    for period in PERIODS:
        s.managers[i].period_units[FEES, period] += fee_of(w, f, p, amount)
        if goods.measure >= 0:
            s.managers[i].period_units[goods.measure, period] += 1.0 if p == CARD else amount
        if goods.items >= 0:
            s.managers[i].period_units[goods.items, period] += 1.0


# ---- What managers expect of it ----------------------------------------------------------------------------------------


@rule
def weigh_selling(s: State, w: World, f: Full, i: int, day: int) -> None:
    """What a first hour of offers, deals and service brings manager i today (the planner lays it on the desk), and what classes weigh.

    From means: needs of the average segment, assets of the class, satisfaction 0.5; the products offered in proportion to what
    they are worth.
    """
    seller, m, par = f.sellers[i], s.managers[i], f.par
    m.sell_theta[OFFERS] = par.offer_pace * w.days[day].demand if m.held > 0 else 0.0
    for k in range(MEASURE_COUNT):
        m.sell_yields[OFFERS, k] = 0.0
        m.spread[k] = 0.0
    m.sell_own[OFFERS] = 0.0
    best_offer, best_care = 0.0, 0.0
    kept = w.par.contact_gain * (1.0 - w.par.satisfaction_rest) * w.par.churn_response / max(w.par.satisfaction_decay, 1e-3)
    kept *= mean_hazard(w)                                 # chance of leaving that a contact takes away
    for c in range(CLASS_MOST):
        queue = f.queues[i, c]
        seller.focus[c] = w.par.service_duty + m.worths[SERVICE_CONTACTS]
        seller.sell_focus[c] = 0.0
        if queue.count > 0:
            assets = queue.assets / queue.count
            seller.focus[c] += kept * assets * m.worths[AUM]
            seller.sell_focus[c] = offer_worth(s, w, f, i, assets, 0.0)
            best_care, best_offer = max(best_care, seller.focus[c]), max(best_offer, seller.sell_focus[c])
    people, care = 0.0, 0.0
    for c in range(CLASS_MOST):
        seller.focus[c] = attention(seller.focus[c], best_care, par.worth_focus)
        seller.sell_focus[c] = attention(seller.sell_focus[c], best_offer, par.worth_focus)
        people += f.queues[i, c].count * seller.sell_focus[c]
        care += f.queues[i, c].count * seller.focus[c]
    m.care_yield[0] = 0.0
    for c in range(CLASS_MOST):
        queue = f.queues[i, c]
        if queue.count > 0 and people > 0.0:
            offer_worth(s, w, f, i, queue.assets / queue.count, queue.count * seller.sell_focus[c] / people)
        if queue.count > 0 and care > 0.0:
            m.care_yield[0] += kept * queue.assets * seller.focus[c] / care
    for k in range(MEASURE_COUNT):
        m.spread[k] = math.sqrt(m.spread[k] * m.sell_theta[OFFERS])
    m.spread[CARDS] = 0.0                             # counted one by one
    m.standing[INCOME] = accrual(s, w, f, i)
    deals_promise(s, w, f, i, day)


@rule
def mean_hazard(w: World) -> float:
    """Hazard a day of the customer in the middle."""
    return w.hazards[len(w.hazards) // 2]


@rule
def offer_worth(s: State, w: World, f: Full, i: int, assets: float, share: float) -> float:
    """What an offer to a customer with these assets is worth to manager i, CNY; its yields count with weight `share`."""
    m, par, goods = s.managers[i], f.par, f.products
    pitch, chasing, held = pitch_of(s, w, f, i), fund_mood(s, w, f, i), max(1, s.managers[i].held)
    total = 0.0
    for p in range(len(PRODUCTS)):
        total += product_worth(s, w, f, i, p, assets, pitch, chasing)
    if total <= 0.0:
        return 0.0
    value = 0.0
    for p in range(len(PRODUCTS)):
        worth = product_worth(s, w, f, i, p, assets, pitch, chasing)
        value += worth * worth / total
        if share <= 0.0:
            continue
        amount = money_asked(w, f, p, assets, assets)
        pay = pay_for_sale(s, w, f, i, p, amount, False)
        sales = purchases(par.mean_needs[p], pitch, 0.5, 0.0, chasing if p == FUND else 1.0)
        sales = share * worth / total * (sales + pushed(pay, par.push_scruple, par.push_strength))
        fee = fee_of(w, f, p, amount)
        m.sell_own[OFFERS] += sales * par.sale_worth
        m.sell_yields[OFFERS, INCOME] += sales * fee
        m.spread[INCOME] += sales * fee * fee
        m.sell_yields[OFFERS, ITEMS_EACH] += sales / held
        m.spread[ITEMS_EACH] += sales / (held * held)
        m.sell_yields[OFFERS, SEVERAL_SHARE] += 0.5 * sales / held
        m.spread[SEVERAL_SHARE] += 0.5 * sales / (held * held)
        if goods[p].measure >= 0:
            units = 1.0 if p == CARD else amount
            m.sell_yields[OFFERS, goods[p].measure] += sales * units
            m.spread[goods[p].measure] += sales * units * units
        if goods[p].items >= 0:
            m.sell_yields[OFFERS, goods[p].items] += sales
        m.sell_yields[OFFERS, FEES] += sales * fee
        m.spread[FEES] += sales * fee * fee
        if p == DEPOSIT:
            for measure in (AUM, ASSETS, M_DEPOSITS):
                m.sell_yields[OFFERS, measure] += sales * amount
                m.spread[measure] += sales * amount * amount
        elif p == FUND or p == WEALTH or p == INSURANCE:
            m.sell_yields[OFFERS, M_DEPOSITS] -= sales * amount
            m.spread[M_DEPOSITS] += sales * amount * amount
    return value


@rule
def product_worth(s: State, w: World, f: Full, i: int, p: int, assets: float, pitch: float, chasing: float) -> float:
    """What an offer of product p is worth to manager i on average, CNY."""
    pay = pay_for_sale(s, w, f, i, p, money_asked(w, f, p, assets, assets), False)
    sales = purchases(f.par.mean_needs[p], pitch, 0.5, 0.0, chasing if p == FUND else 1.0)
    sales += pushed(pay, f.par.push_scruple, f.par.push_strength)
    return sales * (max(0.0, pay) + f.par.sale_worth)
