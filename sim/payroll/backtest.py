"""A back-test: what plans would have paid on a history, what that would have cost, and who would have won or lost.

One history goes through each plan, and each plan through histories that might have been (sim/payroll/shifts.py). Nobody behaves
differently here because of a plan: that is what the simulation is for. Amounts are whole fen unless a column is said to hold CNY.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from sim import __version__
from sim.errors import InputError
from sim.payroll.backtest_people import (
    TENURES,
    History,
    attainment,
    gini,
    groups_of,
    income_of,
    losses_of,
    performances,
    rank_correlation,
    top_over_median,
    workforce,
)
from sim.payroll.records import Records
from sim.payroll.shifts import MOST, WHOLE, Redraws, most_calls, needed, scaled, spread, stacked
from sim.payroll.statement import Statements, statements
from sim.policy import Policy

BANDS = ("lose_over_5", "lose_to_5", "no_change", "gain_to_5", "gain_over_5")
SPREADS = (0.0, 0.5, 1.0, 1.5)        # times each month's distance to the person's own mean
CONFIDENCE = 0.90                     # of all bands: nine resamples in ten
MANY_LINES = 200_000                  # from so many lines on, the performance needed is found to a hundredth, not a ten-thousandth
MOST_REDRAWN = 20_000_000             # lines worked out for histories drawn anew, at most
LINES_AT_ONCE = 250_000               # of several histories paid together
FEWEST_REDRAWN = 20                   # histories; with fewer no band is told
Progress = Callable[[int], None]
Told = Callable[[str], None]


def _ignore(_: object) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Backtest:
    """policies: the baseline first. statements: everybody's lines, by policy name. Everything else is worked out when asked for."""

    policies: tuple[Policy, ...]
    records: Records
    statements: Mapping[str, Statements]
    scales: tuple[float, ...]
    resamples: int
    seed: int
    digests: Mapping[str, str] = field(default_factory=dict)
    progress: Progress = field(default=_ignore, repr=False, compare=False)
    told: Told = field(default=_ignore, repr=False, compare=False)

    @property
    def steps(self) -> int:
        """How many steps `progress` is told of while everything is worked out: a plan paid on a history is one, and its fairness."""
        searches = sum(most_calls(self.grains[policy.name]) for policy in self.policies[1:])
        return searches + len(self.policies) * (len(self.scales) + len(SPREADS) + self.draws + 1)

    @property
    def baseline(self) -> Policy:
        return self.policies[0]

    @cached_property
    def history(self) -> History:
        return History(self.records, self.baseline)

    @cached_property
    def pay(self) -> dict[str, np.ndarray]:
        """Total by person over the history, fen, by policy name; in the order of `people`."""
        return {name: _by_person(found) for name, found in self.statements.items()}

    @cached_property
    def paid(self) -> np.ndarray:
        """Who was in post or was paid something: the rows of `people` that are compared."""
        return np.flatnonzero((self.history.months_in_post > 0) | np.any([pay != 0 for pay in self.pay.values()], axis=0))

    def monthly(self, name: str) -> np.ndarray:
        """CNY a month in post by person, under a policy; NaN for who was never in post."""
        months = self.history.months_in_post
        return np.divide(self.pay[name] / 100, months, out=np.full(len(months), np.nan), where=months > 0)

    @property
    def lines(self) -> int:
        """Lines of all statements."""
        return sum(length_of(found) for found in self.statements.values())

    @property
    def frame(self) -> pd.DataFrame:
        """Every line of every statement: policy and the columns of `Statements.frame`. Large: statements go to files one by one."""
        frames = [found.frame.assign(policy=pd.Categorical([name] * len(found.frame))) for name, found in self.statements.items()]
        found = pd.concat(frames, ignore_index=True)
        return found[["policy", *(column for column in found if column != "policy")]]

    # --- winners and losers ---

    @cached_property
    def winners(self) -> pd.DataFrame:
        """Each person under each plan against the baseline.

        policy, row (of `people`), person, grade; old, new, difference: fen over the history. percent: of the old amount's size, NaN
        where that is 0. band: one of BANDS, told exactly from fen. needed: the least factor on results at which the plan pays what
        the baseline paid; 0 where it does without any result, NaN where not even at five times. quintile: fifth of the baseline's
        pay a month, 1 the lowest: groups are fixed on the baseline. Bands of plans lie apart, people compared are those `paid`.
        """
        return pd.concat([self._against(policy) for policy in self.policies[1:]] or [_no_winners()], ignore_index=True)

    def _against(self, policy: Policy) -> pd.DataFrame:
        rows, people = self.paid, self.records.people
        old, new = self.pay[self.baseline.name][rows], self.pay[policy.name][rows]
        size = np.abs(old)
        return pd.DataFrame({
            "policy": policy.name, "row": rows, "person": people["person"].to_numpy()[rows], "grade": people["grade"].to_numpy()[rows],
            "old": old, "new": new, "difference": new - old,
            "percent": np.divide(100.0 * (new - old), size, out=np.full(len(rows), np.nan), where=size > 0),
            "band": pd.Categorical.from_codes(band_of(old, new), BANDS, ordered=True),
            "needed": self._needed(policy)[rows], "quintile": self.quintile[rows],
        })

    @cached_property
    def quintile(self) -> np.ndarray:
        """Fifth of the baseline's pay a month, by person, 1 the lowest; ties in the order of `people`. 0 for who was never in post."""
        pay = self.monthly(self.baseline.name)
        order = np.argsort(np.where(np.isnan(pay), np.inf, pay), kind="stable")[: int((~np.isnan(pay)).sum())]
        found = np.zeros(len(pay), dtype=np.int64)
        found[order] = np.arange(len(order)) * 5 // max(len(order), 1) + 1
        return found

    @cached_property
    def grains(self) -> dict[str, int]:
        """How finely the performance needed is found for each plan, in ten-thousandths."""
        large = length_of(self.statements[self.baseline.name]) > MANY_LINES
        return {policy.name: (500 if large else 100) if interacts(policy) else (100 if large else 1) for policy in self.policies}

    def _needed(self, policy: Policy) -> np.ndarray:
        """The least factor by person, as `winners` gives it."""
        self.told("needed")
        together = {WHOLE: self.pay[policy.name]}
        left = most_calls(self.grains[policy.name])

        def pay_at(parts: np.ndarray) -> np.ndarray:
            nonlocal left
            left -= 1
            self.progress(1)
            alike = np.unique(parts)
            if len(alike) > 1 and not interacts(policy):
                return _by_person(statements(policy, scaled(self.records, parts)))
            unknown = [int(part) for part in alike if int(part) not in together]
            together.update(zip(unknown, self._totals(policy, (scaled(self.records, part) for part in unknown)), strict=True))
            return np.array([together[int(part)] for part in alike])[np.searchsorted(alike, parts), np.arange(len(parts))]

        found = needed(pay_at, self.pay[self.baseline.name], self.grains[policy.name])
        self.progress(left)
        return np.where(found < 0, np.nan, found / WHOLE)

    def _totals(self, policy: Policy, histories: Iterable[Records]) -> Iterator[np.ndarray]:
        """Fen by person on each of several histories, as many of them at once as fit."""
        at_once = max(1, LINES_AT_ONCE // max(1, length_of(self.statements[policy.name]))) if _stackable(policy) else 1
        waiting = iter(histories)
        while some := list(islice(waiting, at_once)):
            if len(some) == 1:
                yield _by_person(statements(policy, some[0]))
            else:
                yield from _by_person(statements(policy, stacked(some))).reshape(len(some), -1)

    # --- cost ---

    @cached_property
    def cost(self) -> pd.DataFrame:
        """By policy and month: pay (fen), people in post, income (CNY, where recorded), share of it, loss (CNY, as `losses_of` tells it) and
        income less pay and loss (CNY)."""
        income, losses = income_of(self.history), losses_of(self.history, self.income_measure)
        parts = []
        for name, found in self.statements.items():
            by_month = found.totals("month").set_index("month")["amount"]
            by_month.index = by_month.index.astype(str)
            months = sorted({*by_month.index, *self.history.months.strftime("%Y-%m")})     # what is paid later stands in later months
            people = pd.Series(self.history.held.sum(axis=1), index=self.history.months.strftime("%Y-%m")).reindex(months, fill_value=0)
            earned = pd.Series(income[1] if income else np.nan, index=self.history.months.strftime("%Y-%m")).reindex(months).to_numpy()
            lost = pd.Series(losses if losses is not None else np.nan, index=self.history.months.strftime("%Y-%m")).reindex(months).to_numpy()
            fen = by_month.reindex(months, fill_value=0).to_numpy()
            pay = fen / 100
            parts.append(pd.DataFrame({
                "policy": name, "month": months, "pay": fen, "people": people.to_numpy(), "income": earned,
                "share": np.divide(pay, earned, out=np.full(len(pay), np.nan), where=earned > 0),
                "loss": lost, "left": earned - pay - np.nan_to_num(lost)}))
        return pd.concat(parts, ignore_index=True)

    @property
    def knows_losses(self) -> bool:
        """Whether loan loss follows from the records."""
        return bool(self.cost["loss"].notna().any())

    @property
    def workforce(self) -> dict[str, tuple[float, int]]:
        """Turnover, time to competence and loss of customers, as sim/payroll/backtest_people.py describes them; by the first performance."""
        return workforce(self.history, self.performances[0] if self.performances else None)

    @property
    def income_measure(self) -> str | None:
        found = income_of(self.history)
        return found[0] if found else None

    @property
    def due(self) -> dict[str, int]:
        """Fen earned and, by each plan's own timing, to be paid after the records end; not in any total here."""
        return {name: int(found.due["amount"].sum()) for name, found in self.statements.items()}

    @cached_property
    def clusters(self) -> np.ndarray:
        """A number for each person: those whose pay hangs together under some plan have the same."""
        return clusters_of(self.policies, self.records)

    @cached_property
    def weights(self) -> list[np.ndarray]:
        """For each resample how often each person is in it: clusters drawn with replacement, as many as there are."""
        many = int(self.clusters[self.paid].max(initial=-1)) + 1
        alive = np.unique(self.clusters[self.paid])
        draw = self._luck(1)
        found = []
        for _ in range(self.resamples if len(alive) > 1 else 0):
            times = np.bincount(draw.choice(alive, len(alive)), minlength=many)
            found.append(times[self.clusters].astype(np.int32))
        return found

    def _luck(self, *stream: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, *stream])

    def band(self, values: np.ndarray) -> tuple[float, float]:
        """Where nine in ten resampled totals lie, for an amount by person; for as many people as there are. NaN without resamples."""
        rows = self.paid
        sums = [float(w[rows] @ values[rows]) / max(int(w[rows].sum()), 1) * len(rows) for w in self.weights]
        return quantiles(sums)

    @cached_property
    def fan(self) -> pd.DataFrame:
        """Total pay by policy at each level of performance: policy, scale, pay (fen), low, high (fen): the band of `band`."""
        return self._shifted("scale", self.scales, lambda scale: scaled(self.records, parts_of(scale)))

    @cached_property
    def volatility(self) -> pd.DataFrame:
        """The same with the level of each person held and the months' distance to it times a factor: policy, spread, pay, low, high."""
        return self._shifted("spread", SPREADS, lambda factor: spread(self.records, factor))

    def _shifted(self, name: str, factors: Sequence[float], shift: Callable[[float], Records]) -> pd.DataFrame:
        rows = []
        for factor in factors:
            self.told(name)
            history = self.records if factor == 1 else shift(factor)
            for policy in self.policies:
                pay = self.pay[policy.name] if factor == 1 else next(self._totals(policy, [history]))
                rows.append((policy.name, factor, int(pay.sum()), *self.band(pay)))
                self.progress(1)
        return pd.DataFrame(rows, columns=["policy", name, "pay", "low", "high"])

    @cached_property
    def _redraws(self) -> Redraws:
        return Redraws(self.records)

    @property
    def draws(self) -> int:
        """How many histories are drawn anew; none where it would take too long, or nobody has two quarters."""
        many = min(self.resamples, MOST_REDRAWN // max(self.lines, 1)) if self._redraws.people else 0
        return many if many >= FEWEST_REDRAWN else 0

    @cached_property
    def redrawn(self) -> pd.DataFrame:
        """Totals (fen) on histories drawn anew from each person's own quarters: policy, draw, pay."""
        rows: list[tuple[str, int, int]] = []
        if self.draws:
            self.told("redrawn")
        for policy in self.policies:
            histories = (self._redraws.one(self._luck(2, number)) for number in range(self.draws))
            for number, pay in enumerate(self._totals(policy, histories)):
                rows.append((policy.name, number, int(pay.sum())))
                self.progress(1)
        return pd.DataFrame(rows, columns=["policy", "draw", "pay"])

    @cached_property
    def shifts(self) -> pd.DataFrame:
        """Each plan through each history: policy, history (`as recorded`, a scale, or `redrawn`), pay, low, high (fen)."""
        level = self.fan.assign(history=[f"scale {scale:g}" for scale in self.fan["scale"]])
        rows = [level[["policy", "history", "pay", "low", "high"]]]
        drawn = self.redrawn.groupby("policy", sort=False)["pay"]
        for name, pays in drawn:
            low, high = quantiles(pays.tolist())
            rows.append(pd.DataFrame([(name, "redrawn", round(pays.mean()), low, high)], columns=rows[0].columns))
        return pd.concat(rows, ignore_index=True)

    # --- components and fairness ---

    @cached_property
    def components(self) -> pd.DataFrame:
        """By policy, grade and element: pay (fen), people, months in post, a_month (CNY a month in post)."""
        months, rows = self.history.months_in_post, []
        grades = groups_of(self.records.people["grade"])
        for name, found in self.statements.items():
            table = found.totals(["person", "element"])
            elements = list(dict.fromkeys(table["element"].head(len(table) // max(len(self.records.people), 1))))
            sums = table["amount"].to_numpy().reshape(len(self.records.people), len(elements))
            for grade, places in grades.items():
                there = int(months[places].sum())
                totals = sums[places].sum(axis=0)
                rows += [
                    (
                        name,
                        grade,
                        element,
                        int(total),
                        int((months[places] > 0).sum()),
                        there,
                        float(total) / 100 / there if there else np.nan,
                    )
                    for element, total in zip(elements, totals, strict=True)
                ]
        return pd.DataFrame(rows, columns=["policy", "grade", "element", "pay", "people", "months", "a_month"])

    @cached_property
    def attainment(self) -> pd.DataFrame:
        """As sim/payroll/backtest_people.py describes it."""
        return attainment(self.history, self.policies)

    @cached_property
    def performances(self) -> list[str]:
        """Measures that pay is set against."""
        return performances(self.history, self.policies)

    @cached_property
    def fairness(self) -> pd.DataFrame:
        """One row a figure: policy ('' where none), what, group, value, low, high, people.

        what: gini and top_over_median (of pay a month in post); wealth_pay and wealth_attainment (rank correlation with the balance of
        the portfolio); tenure_pay (CNY a month in post) and tenure_gap (less the mean of everybody else), by group.
        """
        return pd.DataFrame(list(self._fairness()), columns=["policy", "what", "group", "value", "low", "high", "people"])

    def _fairness(self) -> Iterator[tuple[Any, ...]]:
        rows = np.flatnonzero(self.history.months_in_post > 0)
        wealth, reached = self.history.wealth, self.mean_attainment
        if wealth is not None:
            yield "", "wealth_attainment", "", *self._with_band(rank_correlation, rows, wealth, reached), int((~np.isnan(reached)).sum())
        for policy in self.policies:
            pay = self.monthly(policy.name)
            for what, statistic in (("gini", gini), ("top_over_median", top_over_median)):
                yield policy.name, what, "", *self._with_band(statistic, rows, pay), len(rows)
            if wealth is not None:
                yield policy.name, "wealth_pay", "", *self._with_band(rank_correlation, rows, wealth, pay), len(rows)
            groups = self.history.tenure_group
            for group in range(len(TENURES)):
                inside = (groups == group).astype(float)
                if not (count := int(inside[rows].sum())):
                    continue
                known = rows[groups[rows] >= 0]
                for what, statistic in (("tenure_pay", _mean_in), ("tenure_gap", _gap)):
                    yield policy.name, what, str(group), *self._with_band(statistic, known, inside, pay), count
            self.progress(1)

    @cached_property
    def mean_attainment(self) -> np.ndarray:
        """Each person's mean over periods and measures; NaN without any."""
        found = np.full(len(self.records.people), np.nan)
        means = self.attainment.groupby("row")["attainment"].mean()
        found[means.index.to_numpy(dtype=np.int64)] = means.to_numpy(dtype=float)
        return found

    def _with_band(self, statistic: Callable[..., float], rows: np.ndarray, *values: np.ndarray) -> tuple[float, float, float]:
        """A statistic over some people and its band over the resamples of people."""
        drawn = []
        for weights in self.weights:
            again = np.repeat(rows, weights[rows])
            drawn.append(statistic(*(each[again] for each in values)))
        return statistic(*(each[rows] for each in values)), *quantiles(drawn)

    @property
    def provenance(self) -> dict[str, Any]:
        """What made it."""
        from sim.compiled import results_digest

        return {
            "incentivelab": __version__,
            "code": results_digest(),
            "seed": self.seed,
            "resamples": self.resamples,
            "scales": list(self.scales),
            "confidence": CONFIDENCE,
            "data_digest": self.data_digest,
            "months": [str(month) for month in self.history.months[[0, -1]]],
            "people": len(self.records.people),
            "baseline": self.baseline.name,
            "policies": {policy.name: self.digests.get(policy.name, policy.digest) for policy in self.policies},
        }

    @cached_property
    def data_digest(self) -> str:
        return digest_of_records(self.records)


def backtest(policies: Policy | Sequence[Policy], records: Records, baseline: Policy | str | None = None, *,
             scales: Sequence[float] = (0.9, 1.0, 1.1), resamples: int = 200, seed: int = 1,
             progress: Progress = _ignore, told: Told = _ignore) -> Backtest:
    """Pay every plan on the records, and set it against the baseline (the first plan unless one is named).

    scales: factors on results, 1 among them. resamples: for bands, 0 for none. progress is called with the number of steps just
    finished: a plan's statements are one, for the others see `Backtest.steps`. told: hears what is being worked out.
    Errors: InputError for what cannot be compared, or where records do not hold what a plan pays by.
    """
    plans = ordered([policies] if isinstance(policies, Policy) else list(policies), baseline)
    check_numbers(scales, resamples, seed)
    found = {}
    for plan in plans:
        told("statements")
        found[plan.name] = statements(plan, records)
        progress(1)
    return Backtest(tuple(plans), records, found, tuple(sorted({*map(float, scales), 1.0})), resamples, seed, progress=progress, told=told)


def ordered(policies: Sequence[Policy], baseline: Policy | str | None) -> list[Policy]:
    """The plans, the baseline first; each under a name of its own."""
    if not policies:
        raise InputError("backtest", found="no policy", expected="one or more")
    names = [policy.name for policy in policies]
    if twice := [name for name in names if names.count(name) > 1]:
        raise InputError("backtest", found=f"`{twice[0]}` twice", expected="each policy once")
    if baseline is None:
        return list(policies)
    name = baseline if isinstance(baseline, str) else baseline.name
    first = [policy for policy in policies if policy.name == name] or ([baseline] if isinstance(baseline, Policy) else [])
    if not first:
        raise InputError("backtest", "baseline", found=f"`{name}`", expected=f"one of {', '.join(names)}")
    return [first[0], *(policy for policy in policies if policy.name != name)]


def check_numbers(scales: Sequence[float], resamples: int, seed: int) -> None:
    for scale in scales:
        if not 0 < scale <= MOST / WHOLE or abs(scale * WHOLE - round(scale * WHOLE)) > 1e-6:
            raise InputError(
                "backtest", "scales", found=f"{scale:g}", expected=f"factors above 0 up to {MOST // WHOLE}, with four decimals at most"
            )
    if isinstance(resamples, bool) or not isinstance(resamples, int) or not (resamples == 0 or 20 <= resamples <= 2_000):
        raise InputError("backtest", "resamples", found=str(resamples), expected="a whole number from 20 to 2000, or 0 for no bands")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise InputError("backtest", "seed", found=str(seed), expected="a whole number of 0 or more")


def parts_of(scale: float) -> int:
    return round(scale * WHOLE)


def band_of(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """The place in BANDS: beyond 5 % of the old amount, beyond 0.1 % up to 5 %, or no change. From nothing every gain is over 5 %."""
    size, gap = np.abs(old).astype(object), (new - old).astype(object)
    far, near = 20 * np.abs(gap) > size, 1000 * np.abs(gap) > size
    place = np.where(far, 2, np.where(near, 1, 0)) * np.where(gap < 0, -1, 1)
    return place.astype(np.int64) + 2


def interacts(policy: Policy) -> bool:
    """Whether somebody's pay can depend on another's results."""
    return bool(_ties(policy))


def _stackable(policy: Policy) -> bool:
    """Whether many histories can be paid at once: nothing is shared by all, and nobody is named."""
    return "budget" not in _ties(policy) and not any(override.person for override in policy.overrides)


def _ties(policy: Policy) -> set[str]:
    """What ties people's pay together: team, pair, supervisor, or budget (everybody)."""
    ties = {"pair"} if policy.practices.mentor_pairing.bundled else set()
    plans = [policy.pay, *(policy.pay_with((place,)) for place in range(len(policy.overrides)))]
    for element in (element for pay in plans for element in pay.values()):
        rule = element.credit.rule if element.credit else "direct"
        ties |= {element.payee} - {"self"} | ({"supervisor"} if rule == "roll_up" else {"team"} if rule == "overlay" else set())
        ties |= {"budget"} if element.budget is not None else set()
    return ties


def clusters_of(policies: Sequence[Policy], records: Records) -> np.ndarray:
    """Numbers from 0; people tied to one another, under whichever plan, share one."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    people, count = records.people, len(records.people)
    ties = set().union(*map(_ties, policies))
    if "budget" in ties:
        return np.zeros(count, dtype=np.int64)
    if not ties:
        return np.arange(count)
    ids, ends = pd.Index(people["person"]), []
    for tie, column in (("pair", "mentor"), ("supervisor", "supervisor")):
        if tie in ties and column in people:
            other = ids.get_indexer(people[column])
            ends.append((np.flatnonzero(other >= 0), other[other >= 0]))
    if "team" in ties:
        codes, names = pd.factorize(people["team"])
        first = np.full(len(names), -1)
        first[codes[::-1]] = np.arange(count)[::-1]
        alike = np.flatnonzero((people["team"] != "").to_numpy())
        ends.append((alike, first[codes[alike]]))
    one, two = (np.concatenate([np.zeros(0, dtype=np.int64), *(end[side] for end in ends)]) for side in (0, 1))
    return connected_components(coo_matrix((np.ones(len(one)), (one, two)), shape=(count, count)), directed=False)[1].astype(np.int64)


def quantiles(values: Sequence[float]) -> tuple[float, float]:
    """Where nine in ten lie; NaN where there are none, or more than one in twenty is not known."""
    known = np.asarray(values, dtype=float)
    known = known[~np.isnan(known)]
    if not len(known) or len(known) < 0.95 * len(values):
        return np.nan, np.nan
    edge = (1 - CONFIDENCE) / 2
    low, high = np.quantile(known, [edge, 1 - edge])
    return float(low), float(high)


def digest_of_records(records: Records) -> str:
    """16 hexadecimal digits of the SHA-256 of everything in the records, whatever form the files had."""
    digest = hashlib.sha256()
    for table in fields(records):
        frame = getattr(records, table.name)
        digest.update(f"{table.name} {len(frame)}\n".encode())
        for name in frame.columns if len(frame) else ():
            column, kind = frame[name], frame[name].dtype.kind
            digest.update(f"{name}\n".encode())
            if kind in "iufbM":
                digest.update(np.ascontiguousarray(column.to_numpy()).astype("<i8" if kind == "M" else column.to_numpy().dtype).tobytes())
            else:
                codes, texts = pd.factorize(column.astype(str) if column.dtype.name != "category" else column)
                digest.update(codes.astype("<i4").tobytes() + "\n".join(map(str, texts)).encode())
    return digest.hexdigest()[:16]


def length_of(found: Statements) -> int:
    """Lines of a statement, without making its frame."""
    return sum(len(block.people) for block in found.blocks)


def _by_person(found: Statements) -> np.ndarray:
    return found.totals("person")["amount"].to_numpy()


def _mean_in(inside: np.ndarray, pay: np.ndarray) -> float:
    return float(pay[inside > 0].mean()) if (inside > 0).any() else np.nan


def _gap(inside: np.ndarray, pay: np.ndarray) -> float:
    return _mean_in(inside, pay) - _mean_in(1 - inside, pay)


def _no_winners() -> pd.DataFrame:
    columns = ("policy", "row", "person", "grade", "old", "new", "difference", "percent", "band", "needed", "quintile")
    return pd.DataFrame({name: [] for name in columns})


__all__ = ["BANDS", "CONFIDENCE", "SPREADS", "Backtest", "backtest", "band_of", "clusters_of", "digest_of_records", "interacts"]
