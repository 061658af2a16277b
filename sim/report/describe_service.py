"""Service standards, reception and portfolio rules in words."""

from __future__ import annotations

from sim.policy import Policy
from sim.policy.portfolios import Portfolios
from sim.policy.practices import Reception, Service
from sim.report.words import known, listed, say

OPTIONAL = ("service", "reception", "portfolios")          # aspects told only of policies that have them


def optional_texts(policy: Policy, lang: str) -> dict[str, str]:
    """What a policy says of these, by aspect; nothing of what it leaves out."""
    practices, told = policy.practices, {}
    if practices.service:
        told["service"] = service_text(practices.service, lang)
    if practices.reception:
        told["reception"] = reception_text(practices.reception, lang)
    if policy.portfolios:
        told["portfolios"] = portfolios_text(policy.portfolios, lang)
    return told


def service_text(service: Service, lang: str) -> str:
    """The contact standard tier by tier, and the reviews."""
    parts = []
    for tier in service.tiers:
        days = say("policy.tier_days", lang, days=tier.every_days) if tier.every_days else say("policy.tier_free", lang)
        parts.append(say("policy.service_tier", lang, above=f"{tier.above:,.10g}", days=days, channel=known("policy.way", tier.channel, lang)))
    if service.reviews:
        parts.append(say("policy.reviews", lang, above=f"{service.reviews.above:,.10g}", every=say(f"policy.{service.reviews.every}", lang)))
    return say("list.semicolon", lang).join(parts) or say("policy.no_reports", lang)


def reception_text(reception: Reception, lang: str) -> str:
    """The steps that are to be done, and how strictly."""
    steps = say("list.comma", lang).join(known("policy.step_name", step, lang) for step in reception.steps)
    return say("policy.reception", lang, steps=steps, percent=say("list.percent", lang, number=f"{100 * reception.discipline:g}"))


def portfolios_text(rules: Portfolios, lang: str) -> str:
    """How customers are allotted, and the spans."""
    spans = [say("policy.span", lang, most=f"{most:,}", segment=known("policy.segment", name, lang)) for name, most in rules.spans.items()]
    text = say(f"policy.allot_{rules.allocation}", lang)
    return say("policy.allotted", lang, how=text, spans=listed(spans, lang)) if spans else text
