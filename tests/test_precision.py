"""Intervals that hold at every look, and comparisons that end when these are narrow enough."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

import sim
from sim.experiments.intervals import Intervals
from sim.experiments.measures import MAIN
from sim.experiments.precision import FEWEST_APART, Target, read_targets
from sim.experiments.sequences import FEWEST, TUNED_FOR, asymptotic_half, betting_interval, looks, mixing, needed, widening
from sim.experiments.simulate import block_of, interval_half_width, stacked
from sim.report import headline

ERROR, EXPERIMENTS, MOST = 0.05, 400, 1024
SLACK = 3 * math.sqrt(ERROR * (1 - ERROR) / EXPERIMENTS)
POLICIES = ("fixed-paired-weekly", "performance-solo-daily", "fixed-solo-daily")


# --- the sequences -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.1, 0.05, 0.001])
@pytest.mark.parametrize("n", [64, 400, 3000])
def test_the_boundary_is_where_a_mixture_of_bets_has_won_one_over_the_error(alpha: float, n: int) -> None:
    """Robbins's mixture of exp(bet S - bet^2 n/2) over normal bets, by quadrature: at the boundary it is 1/error."""
    reach, scale = n * widening(n, alpha), math.sqrt(mixing(alpha))
    peak = reach / (n + 1 / scale**2)                      # where the integrand is largest
    won, _ = quad(lambda bet: math.exp(bet * reach - bet**2 * n / 2) * norm.pdf(bet, scale=scale), peak - 12 / math.sqrt(n), peak + 12 / math.sqrt(n))
    assert won == pytest.approx(1 / alpha, rel=1e-6)


@given(st.floats(0.0005, 0.3), st.integers(80, 5000), st.floats(0.2, 5.0))
def test_no_other_tuning_is_narrower_where_it_is_tuned_for(alpha: float, tuned: int, other: float) -> None:
    assert widening(tuned, alpha, tuned) <= widening(tuned, alpha, max(1, round(tuned * other))) + 1e-12


@given(st.floats(1e-3, 1e3), st.floats(0.01, 2.0), st.floats(0.001, 0.2))
def test_the_forecast_is_the_first_number_that_is_enough(deviation: float, share: float, alpha: float) -> None:
    half = deviation * share
    n = needed(deviation, half, alpha)
    assert deviation * widening(int(n), alpha) <= half or n == FEWEST
    assert n == FEWEST or deviation * widening(int(n) - 1, alpha) > half


def test_looks_are_fixed_beforehand() -> None:
    assert looks(64) == [64]
    for most in (65, 500, 5000):
        found = looks(most)
        assert found[0] == FEWEST and found[-1] == most and found == sorted(set(found))
        assert found[:-1] == [look for look in looks(100_000) if look < most]


def held(half: Callable[[np.ndarray], np.ndarray], values: np.ndarray, mean: float) -> float:
    """The share of experiments (columns) whose interval holds the mean at every look."""
    always = np.ones(values.shape[1], bool)
    for n in looks(len(values)):
        always &= np.abs(values[:n].mean(axis=0) - mean) <= half(values[:n])
    return float(always.mean())


SAMPLES = {
    "normal": (lambda g: g.standard_normal((MOST, EXPERIMENTS)), 0.0),
    "counts": (lambda g: g.poisson(3.0, (MOST, EXPERIMENTS)) - 1.0 * g.poisson(2.0, (MOST, EXPERIMENTS)), 1.0),
    "skewed": (lambda g: g.exponential(1.0, (MOST, EXPERIMENTS)), 1.0),
}


@pytest.mark.parametrize("case", SAMPLES)
def test_sequences_survive_repeated_looks_and_students_intervals_do_not(case: str) -> None:
    sample, mean = SAMPLES[case]
    values = sample(np.random.default_rng(3))
    assert held(lambda each: asymptotic_half(each, ERROR), values, mean) >= 1 - ERROR - SLACK
    assert held(lambda each: interval_half_width(each, 1 - ERROR), values, mean) < 1 - ERROR - SLACK


def test_bounds_hold_where_a_normal_distribution_is_far_off() -> None:
    """Nothing in 99 of 100 replications, and then a lot: most samples of 64 show nothing at all."""
    generator = np.random.default_rng(4)
    values = np.where(generator.random((512, 150)) < 0.01, generator.uniform(0.2, 1.0, (512, 150)), 0.0)
    bounds = [[betting_interval(column[:n], -1.0, 1.0, ERROR) for n in looks(512)] for column in values.T]
    assert np.mean([all(low <= 0.006 <= high for low, high in each) for each in bounds]) >= 1 - ERROR
    assert held(lambda each: asymptotic_half(each, ERROR), values, 0.006) < 0.8


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=64, max_size=200), st.floats(-5, 5), st.floats(0.1, 10))
def test_bounded_intervals_keep_to_the_bounds_and_do_not_care_for_units(shares: list[float], low: float, width: float) -> None:
    values = np.array(shares)
    bottom, top = betting_interval(values, 0.0, 1.0, ERROR)
    assert 0.0 <= bottom <= top <= 1.0
    moved = betting_interval(low + width * values, low, low + width, ERROR)
    assert moved == pytest.approx((low + width * bottom, low + width * top), abs=1e-6 * width)
    turned = betting_interval(1.0 - values, 0.0, 1.0, ERROR)
    assert turned == pytest.approx((1.0 - top, 1.0 - bottom), abs=1e-9)


def test_bounded_intervals_are_nearly_as_narrow_where_a_normal_distribution_would_do() -> None:
    values = np.random.default_rng(5).uniform(0, 1, 2000)
    low, high = betting_interval(values, 0.0, 1.0, ERROR)
    assert (high - low) / 2 < 1.35 * asymptotic_half(values[:, None], ERROR)[0]


# --- which intervals hold together -------------------------------------------------------------------------------------


def test_intervals_together_share_the_error_and_others_do_not() -> None:
    gaps = np.random.default_rng(6).normal(1.0, 2.0, 100)
    alone, together = Intervals(0.95, (), 3), Intervals(0.95, ("accounts", "pay"), 3)
    assert together.of(gaps, "accounts").family == 6 and together.of(gaps, "skill") == alone.of(gaps, "skill")
    wide = together.of(gaps, "accounts")
    assert (wide.high - wide.low) / 2 == pytest.approx(interval_half_width(gaps[:, None], 1 - 0.05 / 6)[0])


def test_simultaneous_intervals_of_the_main_measures_are_wider_and_say_so(short) -> None:
    plain = sim.compare(short, POLICIES, 30).table.set_index(["policy", "measure"])
    joint = sim.compare(short, POLICIES, 30, simultaneous=True)
    table = joint.table.set_index(["policy", "measure"])
    main = table.index.get_level_values("measure").isin(MAIN)
    width, before = table["ci_high"] - table["ci_low"], plain["ci_high"] - plain["ci_low"]
    assert set(table["family"][main]) == {len(MAIN) * 2} and set(table["family"][~main]) == {1}
    assert np.allclose(width[~main], before[~main]) and (width[main] >= before[main]).all() and width[main].sum() > 1.3 * before[main].sum()
    assert joint.provenance["intervals"] == {"kind": "student", "together": list(MAIN), "shared_among": len(MAIN) * 2}


# --- as many replications as it takes ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def precise(short) -> sim.Comparison:
    return sim.compare(short, POLICIES, precision={"accounts": 0.6, "satisfaction": "1%"})


def test_it_ends_when_every_interval_asked_for_is_narrow_enough(precise) -> None:
    assert precise.precision.enough and precise.baseline.replications in looks(5000)
    rows = precise.table.set_index(["measure", "policy"])
    for measure, half in (("accounts", 0.6), ("satisfaction", 0.01 * rows["mean_baseline"]["satisfaction"].iloc[0])):
        assert ((rows.loc[measure, "ci_high"] - rows.loc[measure, "ci_low"]) / 2 <= half).all()
        assert set(rows.loc[measure, "interval"]) == {"asymptotic"} and set(rows.loc[measure, "family"]) == {4}
    assert set(rows.loc[~rows.index.get_level_values("measure").isin(["accounts", "satisfaction"]), "family"]) == {1}
    assert precise.provenance["intervals"]["kind"] == "time-uniform" and precise.provenance["precision"]["reached"]


def test_it_does_not_end_before(precise, short) -> None:
    last = precise.precision.looks[-2]
    gaps = precise.runs[1].totals()["accounts"] - precise.baseline.totals()["accounts"]
    other = precise.runs[2].totals()["accounts"] - precise.baseline.totals()["accounts"]
    halves = [asymptotic_half(each.to_numpy()[:last, None], 0.05 / 4)[0] for each in (gaps, other)]
    assert max(halves) > 0.6


def test_the_runs_are_those_of_a_run_of_that_number(precise, short) -> None:
    for run in precise.runs:
        whole = sim.simulate(short, run.policy, precise.baseline.replications)
        pd.testing.assert_frame_equal(run.frame, whole.frame)
        assert run.provenance == whole.provenance


def test_workers_and_blocks_change_nothing(precise, short, tmp_path) -> None:
    again = sim.compare(short, POLICIES, precision={"accounts": 0.6, "satisfaction": "1%"}, jobs=2)
    pd.testing.assert_frame_equal(precise.table, again.table, check_exact=True)
    assert precise.precision == again.precision
    blocks = [block_of(short, precise.runs[1].policy, range(*span), 1) for span in ((0, 5), (5, 6), (6, 17))]
    pd.testing.assert_frame_equal(stacked(blocks), sim.simulate(short, precise.runs[1].policy, 17).frame)


def test_broken_off_it_goes_on_where_it_was(precise, short, tmp_path) -> None:
    made: list[int] = []

    def stop(steps: int) -> None:
        made.append(steps)
        if sum(made) > 3 * FEWEST:
            raise KeyboardInterrupt

    asked = {"precision": {"accounts": 0.6, "satisfaction": "1%"}, "store": tmp_path}
    with pytest.raises(KeyboardInterrupt):
        sim.compare(short, POLICIES, progress=stop, **asked)
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    assert stamps
    again = sim.compare(short, POLICIES, **asked)
    pd.testing.assert_frame_equal(precise.table, again.table, check_exact=True)
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in stamps.items())


def test_a_limit_ends_it_and_is_told(short) -> None:
    told = []
    result = sim.compare(short, POLICIES, 80, precision={"accounts": 0.01}, told=told.append)
    assert not result.precision.enough and result.baseline.replications == 80
    assert [look.replications for look in told] == [64, 80] and told[0].forecast > 80 and told[0].expected == 80
    for lang, words in (("en", "was not reached"), ("zh", "未达到")):
        assert words in headline(result, lang)[2]
    assert result.provenance["precision"] == {"asked": {"accounts": "0.01"}, "reached": False, "limit": 80, "looks": [64, 80],
                                              "forecast_after_pilot": result.precision.forecast}


def test_a_difference_hardly_ever_seen_is_not_believed_to_be_small() -> None:
    """Narrow, but from fewer replications than it takes to know its spread."""
    from sim.experiments.precision import Watched, _narrow

    policies = [sim.load_policy(name) for name in POLICIES[:2]]
    for apart, enough in ((0, True), (FEWEST_APART - 1, False), (FEWEST_APART, True)):
        other = np.zeros(100)
        other[:apart] = 1.0
        pair = Watched(POLICIES[1], "accounts", 1.0, 0.5, 64)
        assert _narrow(pair, [{"accounts": np.zeros(100)}, {"accounts": other}], policies) is enough


def test_shares_now_and_then_large_get_bounds() -> None:
    gaps = np.zeros(100)
    gaps[3] = 0.4
    found = Intervals(0.95, ("default_rate",), 1, TUNED_FOR).of(gaps, "default_rate")
    assert found.kind == "betting" and -1 < found.low < 0.004 < found.high < 1
    assert Intervals(0.95, ("default_rate",), 1).of(gaps, "default_rate").kind == "student"


@pytest.mark.parametrize(("given", "words"), [
    ("accounts", "MEASURE=HALF_WIDTH"), ("acounts=1", "Did you mean `accounts`"), ("accounts=0", "found '0'"), ("accounts=-1", "'-1'"),
    ("accounts=nan", "'nan'"), ("accounts=1,accounts=2", "two half widths"), ("accounts=1%%", "'1%%'"), ("", "found nothing"),
    ({"accounts": True}, "True"), ({}, "nothing"),
])
def test_a_precision_that_cannot_be_is_refused(short, given, words: str) -> None:
    with pytest.raises(sim.InputError, match="^precision: ") as refusal:
        sim.compare(short, POLICIES, precision=given)
    assert words in str(refusal.value)


def test_precisions_read_the_same_from_text_and_mapping() -> None:
    assert read_targets("accounts=0.5, pay=5%") == read_targets(["accounts=0.5", "pay=5%"]) == read_targets({"accounts": 0.5, "pay": "5%"})
    assert read_targets("pay=5%") == {"pay": Target(0.05, True)} and str(Target(0.05, True)) == "5%"
    for text in ("accounts=0.123456789", "pay=3.5%"):
        (name, target), = read_targets(text).items()
        assert f"{name}={target}" == text


def test_the_command_and_the_package_know_the_same_limit() -> None:
    from sim import cli
    from sim.experiments import compare, precision

    assert cli.MOST == precision.MOST == compare.MOST


def test_fewer_than_a_pilot_is_refused(short) -> None:
    with pytest.raises(sim.InputError, match="^replications: found 20; expected 64 or more"):
        sim.compare(short, POLICIES, 20, precision={"accounts": 1.0})
    with pytest.raises(sim.InputError, match="not reported here"):
        sim.compare(short, POLICIES, precision={"default_rate": 0.1})


# --- what is told ------------------------------------------------------------------------------------------------------


class Heard:
    """Keeps what a command would say."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.totals: list[int] = []
        self.done = 0

    def line(self, key: str, **parts: object) -> None:
        from sim.app.words import say

        self.keys.append(key)
        assert say(f"command.{key}", "en", **parts) and say(f"command.{key}", "zh", **parts)

    def bar(self, key: str, total: int):
        from contextlib import nullcontext

        self.totals.append(total)
        return nullcontext(self)

    def __call__(self, steps: int) -> None:
        self.done += steps

    def expect(self, total: int) -> None:
        self.totals.append(total)


@pytest.mark.parametrize(("half", "keys"), [("0.8", ["until", "forecast", "reached"]), ("0.01", ["until", "forecast_beyond", "not_reached"])])
def test_the_command_tells_what_to_expect_and_how_it_ended(half: str, keys: list[str], tmp_path, monkeypatch) -> None:
    from sim.app.reporting import compute, notebook_tasks
    from sim.app.inputs import Inputs
    from sim.app.notebooks import check_parameters
    from sim.app.request import request

    monkeypatch.chdir(tmp_path)
    (tmp_path / "short.yaml").write_text(
        "title: {en: Short, zh: 短}\nextends: changzhou-2015\nstatus: proposed\nsource: a test\ncalendar: {days: 31}\n", encoding="utf-8")
    asked = request("short.yaml", POLICIES, 250, precision=[f"accounts={half}"], store=str(tmp_path / "runs"), jobs=1)
    heard = Heard()
    result = compute(asked, heard)
    assert [key for key in heard.keys if key not in ("note", "compiling")] == keys
    assert heard.done == heard.totals[-1] == 3 * result.baseline.replications
    (tmp_path / "report").mkdir()
    tasks = notebook_tasks(asked, Inputs.of("short.yaml", list(POLICIES)), tmp_path / "report", result.baseline.replications)
    for task in tasks:
        check_parameters(task.name, task.parameters)
    assert tasks[0].parameters["precision"] == f"accounts={half}" and tasks[1].parameters["replications"] == result.baseline.replications


def test_the_report_says_that_intervals_are_time_uniform_and_which_hold_together(precise, tmp_path) -> None:
    import re

    sim.write_report(precise, tmp_path / "en")
    page = (tmp_path / "en" / "report.html").read_text(encoding="utf-8")
    text = " ".join(re.sub(r"<[^>]+>", " ", re.sub(r'src="[^"]*"', "", page)).split())
    for words in ("time-uniform", "The 4 intervals of Accounts opened and Customers' satisfaction hold all at once".replace("'", "&#39;"),
                  f"{precise.baseline.replications:,} of each scheme", "fixed beforehand"):
        assert words in text, words
    assert "interval,family" in (tmp_path / "en" / "comparison.csv").read_text(encoding="utf-8").splitlines()[0]
    sim.write_report(precise, tmp_path / "zh", "zh")
    assert "时间一致" in (tmp_path / "zh" / "report.html").read_text(encoding="utf-8")


# --- how far luck is shared --------------------------------------------------------------------------------------------


def test_coupling_is_the_variance_ratio_of_each_period(precise) -> None:
    table = precise.coupling(["accounts", "satisfaction"])
    row = table.set_index(["measure", "policy", "period"])["variance_reduction"]
    week = precise.scenario.timeline.week_labels[1]
    a, b = (run.by_period("accounts")[week] for run in precise.runs[:2])
    assert row["accounts", POLICIES[1], week] == pytest.approx((a.var() + b.var()) / (b - a).var())
    totals = precise.table.set_index(["measure", "policy"])["variance_reduction"]
    assert row["accounts", POLICIES[1], "total"] == totals["accounts", POLICIES[1]]
    assert set(table.loc[table["measure"] == "satisfaction", "period"]) == {"total"}


def test_worlds_drift_apart(changzhou) -> None:
    """Effort, which follows from what happened before: the first weeks share more of their luck than the last."""
    result = sim.compare(changzhou, POLICIES[:2], 60)
    gains = result.coupling(["effort"]).set_index("period")["variance_reduction"]
    weeks = changzhou.timeline.week_labels
    assert gains[weeks[0]] > 2 * gains[weeks[-2]] > 2.0
