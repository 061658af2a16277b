"""`incentivelab check`, `diff` and `list measures`: what is wrong or doubtful in files, what plans promise, and what differs."""

from __future__ import annotations

import math
import sys
import unicodedata
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from sim.app.words import say
from sim.errors import InputError
from sim.policy import Policy, list_policies, load_policy
from sim.policy.facts import EXCELLENCE
from sim.reading import find_file, read_yaml, resource_folder
from sim.world import Scenario, check_fit, list_scenarios, load_scenario

DONE, BAD_INPUT = 0, 2
LOADERS = {"policy": load_policy, "scenario": load_scenario}
OF_SCENARIOS = {"calendar", "branches", "parameters", "mechanisms", "note"}
OF_POLICIES = {"pay", "practices", "label", "effective", "author"}


def check_command(paths: Sequence[str], scenario: str | None = None, lang: str = "en", without: Collection[str] = ()) -> int:
    """Report every mistake of every file on stderr, then what policies promise and what is doubtful in them; the exit code, 2 after
    a mistake.

    scenario: where policies must fit and are tried for a moment, so that warnings about results can be told.
    without: codes of warnings not wanted.
    """
    from sim.policy.lint import known_codes

    known_codes(without)
    where = load_scenario(scenario) if scenario is not None else None
    found: list[Policy | Scenario] = []
    mistakes: list[InputError] = []
    for path in dict.fromkeys(paths):
        for kind in kinds_of(path, mistakes):
            try:
                one = LOADERS[kind](path)
                if where is not None and kind == "policy":
                    check_fit(where, one)
                found.append(one)
            except InputError as error:
                mistakes += [error, *error.also]
    sentences = dict.fromkeys(map(str, mistakes))
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    print(say("check.mistakes" if mistakes else "check.fine", lang, mistakes=len(sentences), count=len(found)), flush=True)
    for each in found:
        if isinstance(each, Policy):
            _tell_facts(each, lang)
            _tell_warnings(each, where, lang, without)
    return BAD_INPUT if mistakes else DONE


def kinds_of(given: str, mistakes: list[InputError]) -> list[str]:
    """What a name or path stands for: `policy`, `scenario`, or both where a name is in both libraries.

    A file of the user's own is known by its keys, or else by what it extends. Mistakes of reading are added to the list.
    """
    if Path(given).name == given and Path(given).suffix not in (".yaml", ".yml"):
        named = [kind for kind, names in (("policy", list_policies()), ("scenario", list_scenarios())) if given in names]
        return named or ["policy"]                       # whose loader says what names there are
    try:
        data = read_yaml(find_file(given, resource_folder("policies"), "policy or scenario"))
    except InputError as error:
        mistakes.append(error)
        return []
    for _ in range(16):                                  # so many files may extend one another
        if data.keys() & (OF_SCENARIOS | OF_POLICIES):
            break
        parent = str(data.get("extends", ""))
        if parent in list_scenarios() or parent in list_policies():
            return ["policy"] if parent in list_policies() else ["scenario"]
        try:
            data = read_yaml(Path(given).parent / Path(parent).name)
        except InputError:                               # told by the loader, with its place
            break
    return ["scenario"] if len(data.keys() & OF_SCENARIOS) > len(data.keys() & OF_POLICIES) else ["policy"]


def _tell_facts(policy: Policy, lang: str) -> None:
    """The plan's promises as a short table; sums are over the elements whose target the file gives."""
    from sim.policy.facts import plan_facts
    from sim.policy.lint import label_of
    from sim.report.describe import base_rate_text

    facts = plan_facts(policy)
    whole = dict(zip(*(facts.loc[facts["element"] == "", column] for column in ("fact", "value"))))
    rows = [(fact, {}, _money(whole[fact], lang)) for fact in ("base", "target_incentive")]
    if not math.isnan(whole["on_target_earnings"]):
        rows.append(("on_target_earnings", {}, _money(whole["on_target_earnings"], lang)))
        if whole["on_target_earnings"]:
            mix = {key: f"{100 * whole[f'{key}_share']:.3g}" for key in ("base", "incentive")}
            rows.append(("base_share", {}, say("check.mix", lang, **mix)))
    for fact, leverage in (("excellence", "leverage_at_excellence"), ("maximum_incentive", "leverage_at_maximum")):
        value, times = _money(whole[fact], lang), whole[leverage]
        if not math.isnan(whole[fact]):
            told = say("check.leverage", lang, value=value, times=f"{times:.3g}") if math.isfinite(times) else value
            rows.append((fact, {"attainment": f"{100 * EXCELLENCE:g}"} if fact == "excellence" else {}, told))
    for row in facts[facts["fact"] == "base_commission_rate"].itertuples():
        element = policy.pay[row.element]
        label = getattr(label_of(row.element, element), lang)
        rows.append((row.fact, {"element": label}, base_rate_text(row.value, element.measure, lang)))
    file = policy.files[0] if policy.files else policy.name
    print(say("check.facts", lang, file=file))
    table = [(say(f"check.fact_{fact}", lang, **parts), value) for fact, parts, value in rows]
    width = max(_width(name) for name, _ in table)
    for name, value in table:
        print(f"  {name}{' ' * (width - _width(name))}  {value}")
    missing = facts[(facts["fact"] == "target_incentive") & (facts["element"] != "") & facts["value"].isna()]["element"]
    if len(missing):
        names = [getattr(label_of(name, policy.pay[name]), lang) for name in missing]
        print(say("check.no_target", lang, elements=("、" if lang == "zh" else ", ").join(names)))


def _money(value: float, lang: str) -> str:
    if math.isnan(value):
        return say("check.unknown", lang)
    return say("check.no_limit", lang) if math.isinf(value) else f"{value:,.0f}"


def _width(text: str) -> int:
    """Columns at a terminal, where Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _tell_warnings(policy: Policy, where: Scenario | None, lang: str, without: Collection[str]) -> None:
    from sim.experiments.reached import lint, simulated_part
    from sim.experiments.simulate import needs_compiling

    if where is not None and needs_compiling(where, simulated_part(policy, where)):
        print(say("command.compiling", lang), file=sys.stderr, flush=True)
    warnings = lint(policy, where, without)
    file = policy.files[0] if policy.files else policy.name
    if not warnings:
        print(say("check.nothing", lang, file=file))
        return
    print(say("check.warnings", lang, file=file, count=len(warnings)))
    for warning in warnings:
        print(say("check.warning", lang, place=warning.place, sentence=getattr(warning.sentence, lang), code=warning.code))
        print(say("check.reason", lang, reason=getattr(warning.reason, lang)))


def diff_command(a: str, b: str, lang: str = "en") -> int:
    """Print what differs between two policies or two scenarios; the exit code."""
    from sim.report.diff import diff, heading

    one, other = _two(a, b)
    print(heading(one, other, lang))
    for line in diff(one, other, lang):
        print(f"  {line}")
    return DONE


def list_measures_command(lang: str = "en") -> int:
    """Print what a simulation reports, and then what pay can be computed on: name, unit, label; the exit code."""
    from sim.experiments.measures import list_measures
    from sim.policy.measures import pay_measures

    _print_columns([(name, measure.unit, getattr(measure.label, lang)) for name, measure in list_measures().items()])
    print()
    print(say("list.measures", lang))
    _print_columns([(name, measure.unit, measure.label[lang]) for name, measure in pay_measures().items()])
    return DONE


def _print_columns(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows)][:-1]
    for *cells, last in rows:
        print(*(cell.ljust(width) for cell, width in zip(cells, widths)), last, sep="  ")


def _two(a: str, b: str) -> tuple[Any, Any]:
    """Both loaded as what both can be; names in both libraries are policies unless the other one is a scenario."""
    mistakes: list[InputError] = []
    first, second = kinds_of(a, mistakes), kinds_of(b, mistakes)
    for error in mistakes:
        raise error
    shared = [kind for kind in first if kind in second]
    if not shared:
        raise InputError("diff", found=f"a {first[0]} ({a}) and a {second[0]} ({b})", expected="two policies or two scenarios")
    return LOADERS[shared[0]](a), LOADERS[shared[0]](b)
