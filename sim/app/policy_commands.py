"""`incentivelab check` and `incentivelab diff`: what is wrong or doubtful in files, and what differs between two of them."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from sim.app.words import say
from sim.errors import InputError
from sim.policy import Policy, list_policies, load_policy
from sim.reading import find_file, read_yaml, resource_folder
from sim.world import Scenario, check_fit, list_scenarios, load_scenario

DONE, BAD_INPUT = 0, 2
LOADERS = {"policy": load_policy, "scenario": load_scenario}
OF_SCENARIOS = {"calendar", "branches", "parameters", "mechanisms", "note"}
OF_POLICIES = {"pay", "practices", "label", "effective", "author"}


def check_command(paths: Sequence[str], scenario: str | None = None, lang: str = "en", without: Collection[str] = ()) -> int:
    """Report every mistake of every file on stderr, then what is doubtful in the policies; the exit code, 2 after a mistake.

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


def _tell_warnings(policy: Policy, where: Scenario | None, lang: str, without: Collection[str]) -> None:
    from sim.compiled import is_compiled
    from sim.experiments.reached import lint

    if where is not None and not is_compiled():
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
