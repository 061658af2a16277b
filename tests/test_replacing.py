"""A rule replaced for a while: it acts, it fits, it leaves no trace, and nothing made with it is taken for anything else."""

from __future__ import annotations

import ast
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

import sim
from sim.compiled import code_digest, compiled_folder, is_compiled, results_digest
from sim.experiments.simulate import provenance_of
from sim.replacing import PLACES, dependents
from sim.rules.mentoring import taught

ROOT = Path(__file__).parent.parent
SHARE = 0.5


def nothing_taught(mentee, mentor, hours, rate, harm):
    return mentee


def weakened(rate: float) -> float:
    return SHARE * max(0.0, rate) * math.exp(0.0)


def half_taught(mentee, mentor, hours, rate, harm):
    """The rule itself, called, at half the rate: with a number, a helper, a rule and `math`."""
    return taught(mentee, mentor, hours, weakened(rate), harm)


@pytest.fixture(scope="module")
def brief(changzhou):
    return changzhou.with_changes({"calendar.days": 40})


@pytest.fixture(scope="module")
def paired():
    return sim.load_policy("performance-paired-weekly")


def skill_of(runs: sim.Runs, name: str) -> float:
    return runs.totals("manager")["skill"].xs(name, level="id").mean()


def test_a_replaced_rule_acts_on_whom_it_concerns_and_afterwards_all_is_as_before(brief, paired) -> None:
    """Mentees (E and F) learn less the less is taught; half the rate lies between; D, who teaches, keeps the same skill to the bit."""
    before = sim.simulate(brief, paired, 6, seed=3)
    with sim.replaced({"mentoring.taught": half_taught}):
        half = sim.simulate(brief, paired, 6, seed=3)
        with sim.replaced({"mentoring.taught": nothing_taught}):
            nothing = sim.simulate(brief, paired, 6, seed=3)
        again = sim.simulate(brief, paired, 6, seed=3)
    after = sim.simulate(brief, paired, 6, seed=3)
    assert before.frame.equals(after.frame) and half.frame.equals(again.frame)
    for mentee in "EF":
        assert skill_of(nothing, mentee) < skill_of(half, mentee) < skill_of(before, mentee)
    gain = sim.set_against(before, nothing, "nothing-taught").table.set_index("measure")
    assert gain.loc["skill", "ci_high"] < 0.0


def test_results_made_with_another_rule_are_named_and_kept_apart(brief, paired, tmp_path: Path) -> None:
    """Stored runs, compiled code and provenance of the one are never found by the other."""
    plain = code_digest(), results_digest(), compiled_folder(), provenance_of(brief, paired, 2, 1)
    before = sim.simulate(brief, paired, 2, store=tmp_path)
    assert len(list(tmp_path.rglob("*.parquet"))) == 1
    with sim.replaced({"sim.rules.mentoring.taught": nothing_taught}):
        inside = code_digest(), results_digest(), compiled_folder(), provenance_of(brief, paired, 2, 1)
        first = sim.simulate(brief, paired, 2, store=tmp_path)
        assert len(list(tmp_path.rglob("*.parquet"))) == 2
        assert sim.simulate(brief, paired, 2, store=tmp_path).frame.equals(first.frame)
        comparison = sim.compare(brief, [paired, "fixed-pay"], 2, store=tmp_path)
        assert is_compiled() and Path(numba.config.CACHE_DIR) == compiled_folder()
    assert all(a != b for a, b in zip(plain, inside, strict=True))
    assert (code_digest(), results_digest(), compiled_folder(), provenance_of(brief, paired, 2, 1)) == plain
    assert first.provenance["replaced"]["mentoring.taught"]["function"] == f"{__name__}.nothing_taught"
    assert comparison.provenance["replaced"] == first.provenance["replaced"] and "replaced" not in before.provenance
    assert sim.simulate(brief, paired, 2, store=tmp_path).frame.equals(before.frame)
    assert not first.frame.equals(before.frame)
    with pytest.raises(sim.InputError, match="code"):
        from sim.experiments.compare import comparison_of
        comparison_of([before, first])


def test_the_name_goes_by_what_a_function_says(brief, paired) -> None:
    """Another constant, at the top of the file or around the function, is another rule; another name or comment is not."""
    def around(share):
        def mine(mentee, mentor, hours, rate, harm):
            return share * mentee
        return mine

    def name_of(function) -> str:
        with sim.replaced({"mentoring.dependence_after": function}):
            return results_digest()

    def faded(dependence, errands, growth, recovery):
        # said otherwise, and the same
        return SHARE * dependence

    def weaker(dependence, errands, growth, recovery):
        return SHARE * dependence

    assert name_of(faded) == name_of(weaker)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "SHARE", 0.25)
        assert name_of(faded) != results_digest()
        quarter = name_of(faded)
    assert quarter != name_of(faded)
    digests = []
    for share in (0.2, 0.3, 0.2):
        with sim.replaced({"mentoring.taught": around(share)}):
            digests.append(results_digest())
    assert digests[0] == digests[2] != digests[1]


def test_a_model_built_inside_keeps_to_the_rule_after_the_block(brief, paired) -> None:
    with sim.replaced({"mentoring.taught": nothing_taught}):
        model, runs = sim.BankModel(brief, paired, seed=3, replication=1), sim.simulate(brief, paired, 2, seed=3)
        model.step()
    outside = sim.BankModel(brief, paired, seed=3, replication=1)
    for each in (model, outside):
        each.run_model()
    accounts = runs.totals("manager").loc[1]["accounts"].to_dict()
    assert {m.name: m.accounts for m in model.managers} == accounts
    assert model.managers.get("skill")[4].tolist() != outside.managers.get("skill")[4].tolist()


def test_other_places_that_use_the_rule_follow_it_too() -> None:
    """The planner by itself, pay told as a loss, the norm's equilibria: inside the block another, outside the same again."""
    from sim.experiments import norms
    from sim.policy import framing
    from sim.policy.schedule import Knot

    def felt(pay, reference, aversion):
        return pay - 1.0

    def chance_high(leaning, coupling, field):
        return 0.5

    def now() -> tuple[object, float, float]:
        import sim.experiments.norms as found_norms
        import sim.policy.framing as found
        return sim.best_response, found.felt_knots([Knot(0.0, 100.0, 0.0)], 50.0, 2.0)[0].v, float(found_norms.chance_high(1.0, 2.0, 0.0))

    before = now()
    itself = sim.list_rules()["effort.best_effort"]
    with sim.replaced({"psychology.felt": felt, "peers.chance_high": chance_high, "effort.best_effort": itself}):
        inside = now()
    assert now() == before and sys.modules["sim.policy.framing"] is framing and sys.modules["sim.experiments.norms"] is norms
    assert inside[0] is not before[0] and inside[1] != before[1] and inside[2] == 0.5 < before[2]


IN_A_PROCESS = """
import sys, json
sys.path.insert(0, {tests!r})
import sim, test_replacing as here
scenario = sim.load_scenario("changzhou-2015").with_changes({{"calendar.days": {days},
    **{{f"branches.changzhou.managers.{{m}}.customers": 10 for m in "ABCDEFG"}}}})
policy, found = sim.load_policy("performance-paired-daily"), {{}}
for name in {names!r}:
    with sim.replaced({{"mentoring.taught": getattr(here, name)}} if name else {{}}):
        found[name] = float(sim.simulate(scenario, policy, 2).frame["value"].sum()).hex()
print(json.dumps(found))
"""


def in_a_process(*names: str, days: int = 15, **environment: str) -> dict[str, str]:
    code = IN_A_PROCESS.format(tests=str(ROOT / "tests"), names=names, days=days)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, cwd=ROOT,
                          env={**os.environ, "PYTHONPATH": str(ROOT), **environment})
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_variants_compiled_by_different_processes_are_not_taken_for_each_other() -> None:
    """Each compiled by a process of its own, all found again by one: three worlds, the same as before, in either order."""
    alone = {name: in_a_process(name)[name] for name in ("", "nothing_taught", "half_taught")}
    assert len(set(alone.values())) == 3
    assert in_a_process("nothing_taught", "", "half_taught") == alone
    assert in_a_process("half_taught", "", "nothing_taught", "") == alone


def test_compiled_and_plain_python_agree_to_the_bit_on_a_replaced_rule() -> None:
    names = ("", "half_taught")
    assert in_a_process(*names, days=8) == in_a_process(*names, days=8, NUMBA_DISABLE_JIT="1")


# --- what does not fit ------------------------------------------------------------------------------------------------

TABLE = [1.0, 2.0]


def refused(name: str, function, sentence: str) -> None:
    before = results_digest()
    with pytest.raises(sim.InputError, match=sentence), sim.replaced({name: function}):
        pass
    assert results_digest() == before


def test_functions_that_cannot_stand_in_are_refused_in_a_sentence() -> None:
    def other_names(skill, contacts, speed, ceiling):
        return skill

    def defaults(skill, contacts, rate, ceiling=1.0):
        return skill

    def printing(skill, contacts, rate, ceiling):
        print(skill)
        return skill

    def drawing(skill, contacts, rate, ceiling):
        import random
        return random.random()

    def table(skill, contacts, rate, ceiling):
        return TABLE[0]

    def gamma(skill, contacts, rate, ceiling):
        return math.lgamma(skill)

    def keeping(skill, contacts, rate, ceiling):
        global SHARE
        SHARE = skill
        return skill

    def endless(skill, contacts, rate, ceiling):
        return later(skill, contacts, rate, ceiling)

    globals()["later"] = endless
    refused("learning.learn", other_names, r"expected the parameters \(skill, contacts, rate, ceiling\)")
    refused("learning.learn", defaults, "without defaults")
    refused("learning.learn", printing, "found `print`")
    refused("learning.learn", drawing, "pure function")
    refused("learning.learn", table, "`TABLE`, which is of type list")
    refused("learning.learn", gamma, "found `math.lgamma`")
    refused("learning.learn", keeping, "pure function")
    refused("learning.learn", endless, "no recursion")
    refused("learning.learn", math.exp, "a function written in Python")
    refused("learning.lern", nothing_taught, "Did you mean `learning.learn`")


def test_a_function_that_returns_something_else_is_refused() -> None:
    def whole(skill, contacts, rate, ceiling):
        return 0

    def text(skill, contacts, rate, ceiling):
        return skill.upper()

    if os.environ.get("NUMBA_DISABLE_JIT", "0") == "0":
        refused("learning.learn", whole, r"returns int64; expected float64, as the rule does \(write 0.0 for 0\)")
        refused("learning.learn", text, "cannot be compiled")


def test_an_error_inside_the_block_puts_everything_back(brief, paired) -> None:
    before = results_digest()
    with pytest.raises(ZeroDivisionError), sim.replaced({"mentoring.taught": nothing_taught}):
        1 / 0
    assert results_digest() == before and "replaced" not in sim.simulate(brief, paired, 1).provenance


# --- nothing is left out ----------------------------------------------------------------------------------------------


def test_every_rule_can_be_replaced_by_itself() -> None:
    """The model's own functions are pure by the same measure, but for those that work on records."""
    for name, function in sim.list_rules().items():
        from sim.replacing import _made, _plain
        assert _made(name, _plain(function))


def test_whatever_calls_rules_is_imported_anew_or_asks_when_it_runs() -> None:
    """No module outside the places searched holds on to a function that follows a rule."""
    following = dependents({f"sim.rules.{file.stem}" for file in (ROOT / "sim" / "rules").glob("*.py")})
    assert not following & {"sim.engine", "sim.policy", "sim.experiments", "sim.report", "sim.experiments.simulate"}
    for file in (ROOT / "sim").rglob("*.py"):
        if file.relative_to(ROOT / "sim").parts[0] in PLACES:
            continue
        for part in ast.parse(file.read_text(encoding="utf-8")).body:
            names = {alias.name for alias in part.names} if isinstance(part, ast.Import) else set()
            if isinstance(part, ast.ImportFrom) and part.module:
                names = {part.module, *(f"{part.module}.{alias.name}" for alias in part.names)}
            assert not names & following, f"{file} imports {names & following} at its top"
