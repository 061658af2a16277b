"""The Changzhou branch of docs/model.md in plain Mesa 3: agents with attributes, lists and floats, no compiler.

Written from the model's description as a good Mesa user would: a manager is an agent, stages run through the AgentSet, customers are
small objects in a manager's book that catch up in closed form when somebody meets them, so that nothing is done a customer and day.
It takes its values from a `Setting` (benchmarks/rivals/setting.py reads one from a scenario and a policy) and imports nothing of the
engine. Its luck is the model's own generators'; so it shares no draw with the engine and is held to it by distributions
(benchmarks/rivals/docking.py), and, with the engine's draws put before it, day by day (benchmarks/rivals/same_luck.py). It knows what
the two Changzhou quarters need: customers in their short form, monthly pay that is fixed or linear in accounts, named pairs, meetings.

Update order, as in the engine: everybody plans from yesterday's efforts; managers work one after another and whoever comes first
changes daily; a meeting in the evening; service; mentoring; pay at a month's end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import SimpleNamespace
from typing import NamedTuple

import mesa
import numpy as np

CHANNELS = ("intermediaries", "chains", "street", "network")
INTERMEDIARIES, CHAINS, STREET, NETWORK = range(4)
NOBODY = math.inf  # the effort of a mentor one never passes
MOST_CHANCE = 0.95  # no contact is certain


@dataclass(slots=True)
class Customer:
    """A customer as of the day last seen. patience: hazard still to be borne before leaving."""

    balance: float
    segment: int
    satisfaction: float
    irritation: float
    hazard: float
    patience: float
    seen: int

    def catch_up(self, day: int, par: SimpleNamespace) -> None:
        """Hazard borne, satisfaction and irritation decayed since the day last seen."""
        days = day - self.seen
        if days <= 0:
            return
        rest, rate = par.satisfaction_rest, par.satisfaction_decay
        above, left = self.satisfaction - rest, math.exp(-rate * days)
        weary = (1.0 - left) / rate if rate > 0.0 else days
        self.patience -= self.hazard * ((1.0 + par.churn_response * (0.5 - rest)) * days - par.churn_response * above * weary)
        self.satisfaction = rest + above * left
        self.irritation *= math.exp(-par.irritation_fade * days)
        self.seen = day


class CustomerAgent(mesa.Agent):
    """The same as an agent of the model's own."""

    def __init__(
        self, model: Branch, balance: float, segment: int, satisfaction: float, irritation: float, hazard: float, patience: float, seen: int
    ) -> None:
        super().__init__(model)
        self.balance, self.segment, self.satisfaction, self.irritation = balance, segment, satisfaction, irritation
        self.hazard, self.patience, self.seen = hazard, patience, seen

    catch_up = Customer.catch_up


@dataclass(slots=True)
class Pool:
    """Prospects of a channel: not worked lately, worked in vain, won."""

    available: float
    worked: float = 0.0
    won: float = 0.0


class Setting(NamedTuple):
    """A branch, its days and what management chose, in plain numbers: read once, shared by every run.

    par: numbers that hold for all. channels: of each, its numbers, `access` and `attention`. people: of each manager. segments: share,
    median and spread of balances. demand, to_quarter_end (demand still to come in the quarter), month_ends: by day. pairs: places of
    mentor and mentee. base, rate: CNY a month and CNY an account.
    """

    par: SimpleNamespace
    channels: list[SimpleNamespace]
    people: list[SimpleNamespace]
    segments: list[SimpleNamespace]
    demand: list[float]
    to_quarter_end: list[float]
    month_ends: list[bool]
    pairs: list[tuple[int, int]]
    base: float
    rate: float


class Manager(mesa.Agent):
    """A relationship manager."""

    def __init__(self, model: Branch, person: SimpleNamespace) -> None:
        super().__init__(model)
        par, draw = model.par, self.random
        self.person = person
        self.talent = draw.lognormvariate(-0.5 * par.talent_spread**2, par.talent_spread)
        self.motive = draw.lognormvariate(-0.5 * par.intrinsic_spread**2, par.intrinsic_spread)
        self.leaning = self.leaned = 1.0 if draw.random() < person.lean_start else -1.0
        self.skills, self.told, self.problems = [person.skill] * 4, [person.skill] * 4, [0.0] * 4
        self.effort = self.next_effort = person.effort_start
        self.hours, self.service_hours, self.promised = [0.0] * 4, 0.0, [0.0] * 4
        self.norm = -1.0
        self.status, self.acceptance = person.status, person.excuse_start
        self.pressure, self.belief, self.belief_variance = 0.0, 1.0, par.belief_variance
        self.mentor: Manager | None = None
        self.mentee: Manager | None = None
        self.errands = self.dependence = 0.0
        self.partners, self.queue = 0.0, 0
        self.shown, self.expected, self.attended = 0, 0.0, 0  # own accounts, and expected, since the last meeting; meetings
        self.accounts = self.month_accounts = self.prospect_contacts = self.contacts = 0
        self.deposits = self.pay = 0.0
        self.next_visit, self.churned, self.held, self.satisfaction = 0, 0, 0, 0.0
        sizes = {CHAINS: person.customers, NETWORK: person.network_size}
        self.pools = [
            model.pools.get(k) or Pool(float(math.floor(channel.pool_size * sizes[k]))) for k, channel in enumerate(model.channels)
        ]
        self.book = self.new_customers(person.customers)

    @property
    def skill(self) -> float:
        return sum(self.skills) / 4

    # --- what is expected ---------------------------------------------------------------------------------------------

    def fresh(self, k: int) -> float:
        """Share of the pool not worked lately."""
        pool = self.pools[k]
        size = pool.available + pool.worked + pool.won
        return 1.0 - self.model.par.saturation * (1.0 - pool.available / size) if size > 0.0 else 0.0

    def able(self, chance: float, k: int) -> float:
        """A chance that skill promises, after talent, open problems and dependence."""
        par = self.model.par
        return min(
            MOST_CHANCE,
            chance * self.talent * math.exp(-par.problem_block * self.problems[k]) * (1.0 - par.dependence_effect * self.dependence),
        )

    def chance(self, k: int) -> float:
        channel = self.model.channels[k]
        return self.able(channel.conversion_unskilled + (channel.conversion_skilled - channel.conversion_unskilled) * self.skills[k], k)

    def partner_chance(self) -> float:
        par = self.model.par
        return self.able(
            par.partner_unskilled + (par.partner_skilled - par.partner_unskilled) * self.skills[INTERMEDIARIES], INTERMEDIARIES
        )

    def promise(self, k: int) -> float:
        """Accounts that a first hour on a channel promises today."""
        model, channel = self.model, self.model.channels[k]
        if channel.attention <= 0.0:
            return 0.0
        accounts = channel.contact_pace * self.fresh(k) * channel.access * self.chance(k) * model.demand
        if k == INTERMEDIARIES:
            leads, fade, days = model.par.partner_leads, model.par.partner_fade, max(1.0, model.to_quarter_end)
            accounts *= (leads * -math.expm1(-fade * days) / fade if fade > 0.0 else leads * days) * self.partner_chance()
        return accounts

    def worth_besides_pay(self) -> float:
        """CNY an account: motives, leaning, dependence, pressure."""
        par = self.model.par
        own = self.person.intrinsic_per_account * self.motive * (1.0 + par.lean_effect * self.leaning)
        return own * (1.0 - par.dependence_effect * self.dependence) + self.pressure

    def worth_in_pay(self) -> float:
        """What an account more adds to the certainty equivalent of pay that is linear in a Poisson count, CNY."""
        rate, risk = self.model.rate / self.payees(), self.person.risk_aversion
        return -math.expm1(-risk * rate) / risk if risk > 0.0 else rate

    def payees(self) -> int:
        """A bundled pair is paid on its mean."""
        return 2 if self.model.par.bundled and (self.mentor or self.mentee) else 1

    def expected_effort(self) -> float:
        """Status-weighted effort of the others, drawn toward the mentor's; -1 if nobody sees."""
        total = weight = 0.0
        for other in self.model.managers:
            if other is not self:
                total += other.status * other.effort
                weight += other.status
        norm = total / weight if weight > 0.0 else -1.0
        if self.mentor is not None and self.model.par.mentor_norm_weight > 0.0:
            norm = self.mentor.effort if norm < 0.0 else norm + self.model.par.mentor_norm_weight * (self.mentor.effort - norm)
        return norm

    # --- the day ------------------------------------------------------------------------------------------------------

    def plan(self) -> None:
        """Hours by channel and for service, so that the marginal hour pays equally everywhere."""
        model, par, person = self.model, self.model.par, self.person
        self.norm = self.expected_effort()
        worth = self.worth_besides_pay() + self.worth_in_pay()
        self.promised = [self.promise(k) for k in range(4)]
        imposed = par.meeting_hours if model.meets else 0.0
        if self.mentor or self.mentee:
            imposed += par.mentoring_hours
        imposed += par.lead_hours * self.queue
        capacity = max(0.0, person.capacity_hours - imposed)
        if model.demand <= 0.0:
            self.hours, self.service_hours, self.next_effort = [0.0] * 4, 0.0, 0.0
            return
        gains = [max(0.0, self.promised[k] * self.belief * channel.attention * worth) for k, channel in enumerate(model.channels)]
        gains.append(par.service_pace * model.demand * par.service_duty if self.book else 0.0)
        shares, value = split(gains, par.effort_eta)
        effort = self.best_effort(value, imposed, capacity)
        if par.plan_tremble > 0.0:
            effort *= self.random.lognormvariate(-0.5 * par.plan_tremble**2, par.plan_tremble)
        if model.day > 0:
            effort += par.habit_share * (self.effort - effort)
        effort = min(effort, capacity)
        *self.hours, self.service_hours = [share * effort for share in shares]
        self.next_effort = effort

    def best_effort(self, value: float, imposed: float, capacity: float) -> float:
        """Hours at which the marginal gain is nil, by Newton's method within a bracket."""
        par, cost = self.model.par, self.person.effort_cost
        eta, gamma, norm = par.effort_eta, par.effort_gamma, self.norm
        below, above = (par.norm_below, par.norm_above) if norm >= 0.0 else (0.0, 0.0)
        ceiling = self.mentor.effort if par.bundled and self.mentor else NOBODY

        def gain(effort: float) -> tuple[float, float]:
            """Marginal gain, and its slope."""
            pull = below if effort < norm else above
            more, tired = eta * value * effort ** (eta - 1.0), cost * (effort + imposed) ** (gamma - 1.0)
            found = more - tired + pull * (norm - effort)
            slope = more * (eta - 1.0) / effort - tired * (gamma - 1.0) / (effort + imposed) - pull
            if effort > ceiling:
                found -= par.ceiling_pull * (effort - ceiling)
                slope -= par.ceiling_pull
            return found, slope

        if capacity <= 0.0:
            return 0.0
        low, high = 1e-9 * capacity, capacity
        if gain(high)[0] >= 0.0:
            return high
        if gain(low)[0] <= 0.0:
            return 0.0
        effort = min(max((eta * value / cost) ** (1.0 / (gamma - eta)), low), high) if value > 0.0 else 0.5 * high
        for _ in range(60):
            found, slope = gain(effort)
            low, high = (effort, high) if found > 0.0 else (low, effort)
            step = effort - found / slope if slope < 0.0 else low
            if not low < step < high:
                step = 0.5 * (low + high)
            if abs(step - effort) <= 1e-10 * capacity:
                return step
            effort = step
        return effort

    def commit(self) -> None:
        """All plan from yesterday's efforts, so today's are told only now."""
        self.effort = self.next_effort

    def work(self) -> None:
        for k in range(4):
            self.prospect(k)
        self.queue = self.leads_of_partners() + self.leads_of_branch()

    def prospect(self, k: int) -> None:
        """The day's contacts on a channel."""
        model, par, channel, pool = self.model, self.model.par, self.model.channels[k], self.pools[k]
        own = hours = self.hours[k]
        if self.mentor:
            own = hours = hours * (1.0 - self.errands)
        if self.mentee:
            hours += par.errand_efficiency * self.mentee.errands * self.mentee.hours[k]
        mean = channel.contact_pace * hours**par.effort_eta * self.fresh(k) * channel.access * model.demand if hours > 0.0 else 0.0
        if mean <= 0.0:
            self.forget(k)
            return
        contacts = int(self.rng.poisson(mean))
        if par.saturation > 0.0:
            contacts = min(contacts, int(pool.available))
        chance, draw = self.chance(k), self.random.random
        for _ in range(contacts):
            pool.available -= 1.0
            odds = min(MOST_CHANCE, chance * self.trust()) if k == CHAINS else chance
            if draw() >= odds:
                pool.worked += 1.0
                continue
            pool.won += 1.0
            if k == INTERMEDIARIES:
                self.partners += par.partner_leads
            else:
                self.open_account()
                self.shown += 1
        self.prospect_contacts += contacts
        if contacts:
            self.learn(k, contacts * own / hours)
            self.wonder(k, contacts)
        else:
            self.forget(k)
        if k != INTERMEDIARIES:
            self.expected += mean * chance

    def wonder(self, k: int, contacts: int) -> None:
        """Contacts leave problems, the fewer the more skilled."""
        chance, draw = self.model.par.problem_chance * (1.0 - self.skills[k]), self.random.random
        for _ in range(contacts):
            if draw() < chance:
                self.problems[k] += 1.0

    def trust(self) -> float:
        """What the satisfaction of the customer who opens the door does to conversion along a chain."""
        if not self.book:
            return 1.0
        par, customer = self.model.par, self.random.choice(self.book)
        left = math.exp(-par.satisfaction_decay * (self.model.day - customer.seen))
        now = par.satisfaction_rest + (customer.satisfaction - par.satisfaction_rest) * left
        return 1.0 + par.trust_effect * (now - 0.5)

    def learn(self, k: int, lessons: float) -> None:
        par, skill = self.model.par, self.skills[k]
        if skill < par.skill_ceiling:
            self.skills[k] = par.skill_ceiling - (par.skill_ceiling - skill) * math.exp(-par.learning_rate * lessons)

    def forget(self, k: int) -> None:
        par, skill = self.model.par, self.skills[k]
        if skill > par.skill_floor:
            self.skills[k] = par.skill_floor + (skill - par.skill_floor) * math.exp(-par.forgetting_rate)

    def leads_of_partners(self) -> int:
        """Leads from intermediaries won."""
        par, flow = self.model.par, self.partners * self.model.demand
        if flow <= 0.0:
            return 0
        leads, chance = int(self.rng.poisson(flow)), self.partner_chance()
        for _ in range(leads):
            if self.random.random() < chance:
                self.open_account()
                self.shown += 1
        self.learn(INTERMEDIARIES, leads)
        self.expected += flow * chance
        self.partners *= math.exp(-par.partner_fade)
        return leads

    def leads_of_branch(self) -> int:
        """Leads that the branch hands out."""
        par = self.model.par
        leads = int(self.rng.poisson(par.assigned_leads * par.assigned_share * self.model.demand / len(self.model.managers)))
        for _ in range(leads):
            if self.random.random() < par.assigned_conversion:
                self.open_account()
        if leads:
            for k in range(4):
                self.learn(k, par.assigned_teaches * leads / 4)
        return leads

    def new_customers(self, n: int) -> list[Customer]:
        """Draw n customers of the first morning or of today."""
        model, par, rng = self.model, self.model.par, self.rng
        if n == 0:
            return []
        segments = np.searchsorted(np.cumsum([s.share for s in model.setting.segments])[:-1], rng.random(n), side="right")
        medians, sds = (np.array([getattr(s, name) for s in model.setting.segments])[segments] for name in ("median", "sd"))
        balance = medians * np.exp(sds * rng.standard_normal(n))
        satisfaction = np.clip(rng.normal(par.satisfaction_start, par.satisfaction_spread, n), 0.0, 1.0)
        hazard = np.zeros(n)
        if par.churn_yearly > 0.0:
            yearly = rng.beta(par.churn_shape, par.churn_shape * (1.0 - par.churn_yearly) / par.churn_yearly, n)
            hazard = -np.log1p(-np.minimum(yearly, 1.0 - 1e-9)) / par.year
        drawn = (balance, segments, satisfaction, hazard, rng.standard_exponential(n))
        return [model.welcome(b, g, s, 0.0, h, p, model.day) for b, g, s, h, p in zip(*(a.tolist() for a in drawn), strict=True)]

    def open_account(self) -> None:
        """A customer of the first segment joins the book."""
        par, customer = self.model.par, self.new_customers(1)[0]
        customer.balance = self.random.lognormvariate(math.log(par.account_balance_median), par.account_balance_log_sd)
        customer.segment = 0
        self.book.append(customer)
        self.accounts += 1
        self.month_accounts += 1
        self.deposits += customer.balance

    def serve(self) -> None:
        """Service contacts go round the book; whoever is found gone leaves it."""
        model, par, book = self.model, self.model.par, self.book
        if self.service_hours <= 0.0 or not book:
            return
        for _ in range(int(self.rng.poisson(par.service_pace * self.service_hours**par.effort_eta * model.demand))):
            if not book:
                break
            place = self.next_visit % len(book)
            customer = book[place]
            customer.catch_up(model.day, par)
            if customer.patience <= 0.0:
                last = book.pop()
                if last is not customer:
                    book[place] = last
                self.churned += 1
                model.part_with(customer)
                continue
            moved = customer.satisfaction + par.contact_gain * (1.0 - customer.satisfaction) - par.annoyance * customer.irritation**2
            customer.satisfaction = min(1.0, max(0.0, moved))
            customer.irritation += 1.0
            self.next_visit = place + 1
            self.contacts += 1

    # --- the meeting --------------------------------------------------------------------------------------------------

    def come_to_meeting(self) -> None:
        self.leaned, self.told = self.leaning, list(self.skills)

    def meet(self) -> None:
        """Questions are answered, an account is given, the belief and the leaning revised."""
        par, others = self.model.par, [other for other in self.model.managers if other is not self]
        for k, problems in enumerate(self.problems):
            if problems > 0.0:
                best = par.supervisor_skill
                if par.telling == "successes":
                    best = max(best, max((other.told[k] for other in others), default=0.0))
                best = min(best, par.skill_ceiling)
                if best > self.skills[k]:
                    self.skills[k] += (1.0 - (1.0 - par.answer_gain) ** problems) * (best - self.skills[k])
                self.problems[k] = 0.0
        weight = sum(other.status for other in others)
        if self.shown == 0 and weight > 0.0 and self.accounts < sum(other.status * other.accounts for other in others) / weight:
            self.pressure += par.pressure_step * par.accountability * (1.0 - self.acceptance) * math.exp(-par.habituation * self.attended)
            self.acceptance *= math.exp(-par.excuse_wear * par.accountability)
        if self.expected > 1e-9 and (par.belief_gain > 0.0 or self.belief_variance > 0.0):
            gain = par.belief_gain
            if gain <= 0.0:
                gain = self.belief_variance / (self.belief_variance + 1.0 / self.expected)
                self.belief_variance *= 1.0 - gain
            self.belief = max(0.1, self.belief + gain * (self.shown / self.expected - self.belief))
        if self.random.random() < par.lean_revisit * (1.0 - self.acceptance):
            field = {"successes": par.lean_field, "excuses": -par.lean_field}.get(par.telling, 0.0)
            mean = sum(other.status * other.leaned for other in others) / weight if weight > 0.0 else 0.0
            self.leaning = 1.0 if self.random.random() < 1.0 / (1.0 + math.exp(-2.0 * (par.lean_coupling * mean + field))) else -1.0

    def leave_meeting(self, mean_accounts: float) -> None:
        self.status += self.model.par.status_drift * ((1.0 + self.accounts) / (1.0 + mean_accounts) - self.status)
        self.attended += 1
        self.shown, self.expected = 0, 0.0

    # --- mentoring, pay, the night ------------------------------------------------------------------------------------

    def be_mentored(self) -> None:
        """Skill flows; the mentor decides on tomorrow's errands; dependence follows those of today."""
        par, mentor = self.model.par, self.mentor
        if mentor:
            closed = -math.expm1(-par.teach_rate * par.mentoring_hours * (1.0 - self.errands))
            for k in range(4):
                gap = mentor.skills[k] - self.skills[k]
                self.skills[k] += closed * (gap if gap > 0.0 else gap * par.teach_harm)
        self.dependence += (
            par.dependence_growth * self.errands * (1.0 - self.dependence)
            - par.dependence_recovery * (1.0 - self.errands) * self.dependence
        )
        if mentor:
            in_pay = mentor.worth_in_pay()
            mine = par.errand_efficiency * max(mentor.promised) * (in_pay + mentor.worth_besides_pay())
            theirs = max(self.promised) * (par.mentor_regard + (in_pay if par.bundled else 0.0))
            self.errands = par.errand_most * max(0.0, (mine - theirs) / (mine + theirs)) if mine + theirs > 0.0 else 0.0

    def be_paid(self) -> None:
        """Base and commission of the month, a bundled pair on its mean."""
        units = self.month_accounts
        if self.payees() == 2:
            units = (units + (self.mentor or self.mentee).month_accounts) / 2
        self.pay += round(self.model.base, 2) + round(self.model.rate * units, 2)

    def sleep(self) -> None:
        par = self.model.par
        self.pressure *= math.exp(-par.pressure_fade)
        self.belief_variance += par.belief_drift
        lapse = math.exp(-par.problem_lapse)
        self.problems = [problems * lapse for problems in self.problems]

    def close_book(self) -> None:
        """After the last day every customer catches up and is counted; then the book is let go."""
        for customer in self.book:
            customer.catch_up(self.model.day, self.model.par)
            if customer.patience > 0.0:
                self.satisfaction += customer.satisfaction
                self.held += 1
            else:
                self.churned += 1
        self.book = []


def split(gains: list[float], eta: float) -> tuple[list[float], float]:
    """Shares of the hours for which the marginal hour pays equally, and the value of a first hour so split."""
    top = max(gains)
    if top <= 0.0:
        return [0.0] * (len(gains) - 1) + [1.0], 0.0
    if eta >= 1.0:
        best = gains.index(top)
        return [float(k == best) for k in range(len(gains))], top
    parts = [(gain / top) ** (1.0 / (1.0 - eta)) for gain in gains]
    total = sum(parts)
    return [part / total for part in parts], top * total ** (1.0 - eta)


class Branch(mesa.Model):
    """The branch; `step` is one day. At the end `running` is False and the totals stand in its attributes and data collector."""

    def __init__(self, setting: Setting, seed: int | None = None) -> None:
        super().__init__(seed=seed)
        self.setting = setting
        self.par, self.channels, self.base, self.rate = setting.par, setting.channels, setting.base, setting.rate
        self.day, self.demand, self.to_quarter_end, self.meets = 0, 1.0, 0.0, False
        n = len(setting.people)
        self.pools = {k: Pool(float(math.floor(self.channels[k].pool_size * n))) for k in (INTERMEDIARIES, STREET)}
        for person in setting.people:
            self.staff(self, person)
        self.team = self.agents_by_type[self.staff]
        self.managers: list[Manager] = list(self.team)
        self.all_pools = [*self.pools.values(), *(manager.pools[k] for manager in self.managers for k in (CHAINS, NETWORK))]
        self.refill = [self.channels[k].pool_refill for k in (INTERMEDIARIES, STREET, *(CHAINS, NETWORK) * n)]
        for mentor, mentee in setting.pairs:
            self.managers[mentor].mentee, self.managers[mentee].mentor = self.managers[mentee], self.managers[mentor]
        self.accounts = self.churned = self.customers = 0
        self.satisfaction = self.pay = 0.0
        self.datacollector = mesa.DataCollector(
            model_reporters={name: name for name in ("accounts", "pay", "churned", "customers", "satisfaction")},
            agenttype_reporters={Manager: {name: name for name in ("accounts", "effort", "skill", "norm", "leaning", "pressure")}},
        )

    staff = Manager
    welcome = staticmethod(Customer)

    def part_with(self, customer: Customer) -> None:
        """A customer is found gone."""

    def step(self) -> None:
        setting, day = self.setting, self.day
        self.demand, self.to_quarter_end = setting.demand[day], setting.to_quarter_end[day]
        self.meets = self.par.every_days > 0 and (day + 1) % self.par.every_days == 0
        self.team.do("plan").do("commit")
        n = len(self.managers)
        for turn in range(n):
            self.managers[(turn + day) % n].work()
        for pool, refill in zip(self.all_pools, self.refill, strict=True):
            back = refill * pool.worked
            pool.available += back
            pool.worked -= back
        if self.meets:
            mean = sum(manager.accounts for manager in self.managers) / n
            self.team.do("come_to_meeting").do("meet").do("leave_meeting", mean)
        self.team.do("serve").do("be_mentored")
        if setting.month_ends[day]:
            self.team.do("be_paid")
            for manager in self.managers:
                manager.month_accounts = 0
        if day + 1 == len(setting.demand):
            self.close()
        self.accounts = sum(manager.accounts for manager in self.managers)
        self.pay = sum(manager.pay for manager in self.managers)
        self.datacollector.collect(self)
        self.team.do("sleep")
        self.day += 1

    def close(self) -> None:
        """The horizon's end: customers are counted."""
        self.team.do("close_book")
        self.churned, self.customers = (sum(getattr(m, name) for m in self.managers) for name in ("churned", "held"))
        self.satisfaction = sum(m.satisfaction for m in self.managers) / self.customers if self.customers else math.nan
        self.running = False


class BranchOfAgents(Branch):
    """The same with customers who are agents too: the way Mesa's own examples are written."""

    def welcome(self, *state: float) -> CustomerAgent:
        return CustomerAgent(self, *state)

    def part_with(self, customer: CustomerAgent) -> None:
        customer.remove()


class BranchOfDailyAgents(BranchOfAgents):
    """The same, every customer catching up every day: what the closed form saves. No rival, since a good user would not."""

    def step(self) -> None:
        self.agents_by_type[CustomerAgent].do("catch_up", self.day, self.par)
        super().step()


def run(setting: Setting, seed: int, kind: type[Branch] = Branch) -> Branch:
    """A branch that has lived through the whole horizon."""
    branch = kind(setting, seed=seed)
    branch.run_model()
    return branch


def forget_models() -> None:
    """Mesa 3 keeps every model, with its agents, in a counter of their ids; left there they fill memory and slow down later runs."""
    mesa.Agent._ids.clear()
