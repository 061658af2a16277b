"""What the plain Mesa model needs to know, read from a scenario and a policy."""

from __future__ import annotations

import math
from types import SimpleNamespace

from benchmarks.rivals.mesa_plain import CHANNELS, Setting
from sim.engine.prepare import practice_of, world_of
from sim.engine.shop import further_parts
from sim.policy import Policy
from sim.world import Scenario

NUMBERS = """
    effort_gamma effort_eta intrinsic_spread talent_spread service_duty skill_ceiling skill_floor learning_rate forgetting_rate plan_tremble
    habit_share saturation partner_leads partner_fade partner_unskilled partner_skilled lead_hours assigned_leads assigned_conversion
    assigned_teaches problem_chance problem_block problem_lapse trust_effect answer_gain supervisor_skill excuse_wear pressure_step
    pressure_fade habituation belief_variance belief_gain belief_drift norm_below norm_above lean_coupling lean_field lean_revisit
    lean_effect status_drift teach_rate teach_harm errand_most errand_efficiency mentor_regard mentor_norm_weight dependence_growth
    dependence_recovery
    dependence_effect ceiling_pull service_pace satisfaction_start satisfaction_spread satisfaction_rest satisfaction_decay contact_gain
    annoyance irritation_fade churn_response churn_yearly churn_shape account_balance_median account_balance_log_sd order_pull
""".split()
OF_A_MANAGER = "capacity_hours effort_cost risk_aversion intrinsic_per_account lean_start excuse_start network_size effort_start".split()
IDLE = {"report_noise": 0.0, "present_bias": 1.0, "pay_discount": 0.0, "plan_every": 1}  # left out here, so not to be in force
OF_A_CHANNEL = "contact_pace conversion_unskilled conversion_skilled pool_size pool_refill channel_neglect".split()


def read(scenario: Scenario, policy: Policy) -> Setting:
    """The setting of a scenario's first branch under a policy. Errors: ValueError for what this model leaves out."""
    value = scenario.effective
    practices, line = policy.practices, scenario.timeline
    refuse(scenario, policy)
    managers = next(iter(scenario.branches.values())).managers
    par = SimpleNamespace(
        **{name: value(name) for name in NUMBERS},
        year=365 if scenario.calendar.weekends else 250,
        meeting_hours=practices.reporting.minutes / 60,
        every_days=practices.reporting.every_days or 0,
        accountability=practices.reporting.accountability,
        telling=practices.norm.telling,
        mentoring_hours=practices.mentor_pairing.minutes_per_day / 60,
        bundled=practices.mentor_pairing.bundled,
        assigned_share=practices.leads.assigned_share,
    )
    channels = []
    for name in CHANNELS:
        channel = SimpleNamespace(**{field: value(field, name) for field in OF_A_CHANNEL})
        channel.access = (1 - par.assigned_share) ** channel.channel_neglect
        channel.attention = math.exp(-par.order_pull * practices.leads.channels.index(name)) if name in practices.leads.channels else 0.0
        channels.append(channel)
    people = []
    for name, spec in managers.items():
        person = SimpleNamespace(
            **{field: value(field, manager=name) for field in OF_A_MANAGER},
            name=name,
            customers=scenario.customers(name),
            status=practices.norm.status.get(spec.cohort, 1.0),
        )
        new = value("skill_new", manager=name)
        person.skill = new + max(0.0, par.skill_ceiling - new) * -math.expm1(-value("tenure_learning") * spec.tenure_months)
        people.append(person)
    shares = [(name, value("segment_share", name)) for name, share in scenario.parameter("segment_share").entries() if share > 0]
    segments = [
        SimpleNamespace(share=share / sum(s for _, s in shares), median=value("balance_median", name), sd=value("balance_log_sd", name))
        for name, share in shares
    ]
    demand, left, to_quarter_end = [float(d) for d in line.demand], 0.0, []
    for today, last in zip(reversed(demand), reversed(line.last_of_quarter), strict=True):
        left = today if last else left + today
        to_quarter_end.append(left)
    names = list(managers)
    pairs = [(names.index(mentor), names.index(mentee)) for mentor, mentee in practices.mentor_pairing.pairs or ()]
    fixed = sum(element.schedule.amount for element in policy.pay.values() if element.schedule.kind == "fixed")
    rate = sum(element.schedule.rate for element in policy.pay.values() if element.schedule.kind == "linear")
    return Setting(par, channels, people, segments, demand, to_quarter_end[::-1], [bool(e) for e in line.last_of_month], pairs, fixed, rate)


def refuse(scenario: Scenario, policy: Policy) -> None:
    """Parts of the model that are not written here must be off."""
    reporting, pairing, branch = policy.practices.reporting, policy.practices.mentor_pairing, next(iter(scenario.branches))
    plain_pay = all(
        element.period == "month"
        and element.payee == "self"
        and (
            element.schedule.kind == "fixed"
            or element.schedule.kind == "linear"
            and element.measure == "accounts"
            and element.schedule.threshold == 0.0
            and element.schedule.by == "units"
        )
        for element in policy.pay.values()
    )
    plain_practices = (
        reporting.visible == "everyone"
        and reporting.time == "evening"
        and pairing.rule in ("none", "named")
        and pairing.participation == "mandatory"
    )
    plain_world = (
        len(scenario.branches) == 1
        and not further_parts(world_of(scenario, branch), practice_of(policy, scenario, branch))
        and all(scenario.effective(name) == idle for name, idle in IDLE.items())
    )
    if not (plain_pay and plain_practices and plain_world):
        raise ValueError(
            f"{scenario.name} under {policy.name}: the plain Mesa model knows the practices and pay of the Changzhou quarters only"
        )
