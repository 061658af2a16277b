"""Facts about the people of a history that a back-test sets beside their pay: time in post, results, attainment, wealth, tenure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from sim.errors import InputError
from sim.payroll.book import Book, book_of, period_label
from sim.payroll.derived import over_period, with_derived
from sim.payroll.numbers import SCALE
from sim.payroll.records import Records
from sim.payroll.shifts import moves
from sim.payroll.targets import GivenTargets, portfolios_of
from sim.policy import Policy
from sim.policy.measures import pay_measures

PROFITS = ("profit", "responsible_profit", "income", "responsible_profit_before_loss", "responsible_income")
INCOMES = ("income", "responsible_income")
TENURES = (0, 1, 3, 5, 10)            # years: where the groups begin
ATTAINMENT_COLUMNS = ("row", "measure", "period", "source", "result", "target", "attainment")


@dataclass(frozen=True)
class History:
    """Records as arrays: rows of `people`, months from the first to the last; results of deals as the policy credits them."""

    records: Records
    policy: Policy

    @cached_property
    def book(self) -> Book:
        return book_of(self.policy, self.records)

    @property
    def months(self) -> pd.PeriodIndex:
        return self.book.months

    @property
    def days(self) -> np.ndarray:
        """Calendar days of each month."""
        return self.book.days

    @property
    def held(self) -> np.ndarray:
        """Months x people: in post for a day or more."""
        return self.book.posts

    @property
    def values(self) -> dict[str, np.ndarray]:
        """Months x people by recorded measure, millionths of its unit."""
        return {name: values for name, values in self.book.values.items() if not pay_measures()[name].built_in}

    @cached_property
    def months_in_post(self) -> np.ndarray:
        """By person."""
        return self.held.sum(axis=0)

    def of(self, measure: str) -> np.ndarray | None:
        """A measure by month and person in its unit, as floats; None where it is not recorded nor follows from what is."""
        try:
            return with_derived(self.values, self.days, measure) / SCALE if not pay_measures()[measure].built_in else None
        except InputError:
            return None

    def a_month(self, measure: str) -> np.ndarray:
        """Each person's mean a month in post; NaN for nobody in post."""
        values = self.of(measure)
        assert values is not None, "asked only for what is known"
        return _over(np.where(self.held, values, 0.0).sum(axis=0), self.months_in_post)

    @cached_property
    def wealth(self) -> np.ndarray | None:
        """Balance of the portfolio each person was given, CNY; None without portfolios."""
        if not len(self.records.portfolios):
            return None
        return portfolios_of(self.records.portfolios, self.records.people) / SCALE

    @cached_property
    def tenure(self) -> np.ndarray:
        """Years of service at the end of the history, or on leaving; NaN where the day of joining is not given."""
        people, end = self.records.people, np.datetime64(self.months[-1].end_time, "s")
        until = people["left"].to_numpy().astype("datetime64[s]")
        until = np.where(np.isnat(until) | (until > end), end, until)
        years = (until - people["joined"].to_numpy().astype("datetime64[s]")) / np.timedelta64(1, "s") / (365.25 * 86_400)
        return np.where(np.isnat(people["joined"].to_numpy()), np.nan, years)

    @cached_property
    def tenure_group(self) -> np.ndarray:
        """Place in TENURES of each person's group; -1 where tenure is not known."""
        group = np.searchsorted(np.array(TENURES), self.tenure, side="right") - 1
        return np.where(np.isnan(self.tenure), -1, np.maximum(group, 0))


def _over(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    return np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)


# --- what performance is ----------------------------------------------------------------------------------------------


def counted(policies: Sequence[Policy]) -> list[str]:
    """Measures that the plans pay by, the most used first."""
    uses: dict[str, int] = {}
    for policy in policies:
        for element in policy.pay.values():
            for name in element.measures():
                uses[name] = uses.get(name, 0) + 1
    return sorted(uses, key=lambda name: -uses[name])


def performances(history: History, policies: Sequence[Policy]) -> list[str]:
    """What pay is set against: the most paid-for volume that is known, and profit (or income) if it is another one."""
    sales = next((name for name in [*counted(policies), *history.values] if moves(name) and history.of(name) is not None), None)
    profit = next((name for name in PROFITS if name in pay_measures() and history.of(name) is not None), None)
    return list(dict.fromkeys(name for name in (sales, profit) if name))


def income_of(history: History) -> tuple[str, np.ndarray] | None:
    """Income by month, CNY, and the measure it is; None where none is recorded."""
    for name in INCOMES:
        if name in pay_measures() and (values := history.of(name)) is not None:
            return name, np.where(history.held, values, 0.0).sum(axis=1)
    return None


def losses_of(history: History, measure: str | None) -> np.ndarray | None:
    """What is to be taken off an income by month, CNY: loan loss and, off responsible income, the cost; None where not recorded.

    Of loan loss its rise since the month before, in the first month all of it: it is a stock, so that these add up to the loss at the
    end, as responsible profit takes it. What is recovered comes back.
    """
    def by_month(name: str) -> np.ndarray | None:
        found = history.of(name) if name in pay_measures() else None
        return None if found is None else np.where(history.held, found, 0.0).sum(axis=1)

    stock, cost = by_month("loan_loss"), by_month("responsible_cost") if measure == "responsible_income" else 0.0
    return None if stock is None or cost is None else np.diff(stock, prepend=0.0) + cost


# --- people and customers ---------------------------------------------------------------------------------------------

FEWEST_MONTHS = 12                    # of service, of those whose results are the mark of competence
CUSTOMER_LOSSES = ("key_customer_loss", "asset_loss_ratio")


def workforce(history: History, measure: str | None) -> dict[str, tuple[float, int]]:
    """What of people and customers does not hang on the plan: figures and how many people each rests on.

    headcount: mean in post a month. joined, left_post: how many within the history. turnover: leavers a year for each in post. competence: median
    months of service until a newcomer's month first reached the median month of those with a year's service or more; not_yet: newcomers
    who did not reach it. key_customer_loss, asset_loss_ratio: mean of people's last month, shares. What cannot be told is left out.
    """
    people, held, months = history.records.people, history.held, history.months
    first, last = (np.datetime64(each, "s") for each in (months[0].start_time, months[-1].end_time))
    joined, left = (people[column].to_numpy().astype("datetime64[s]") for column in ("joined", "left"))
    came, went = joined > first, (left >= first) & (left < last)
    mean = float(held.sum(axis=1).mean())
    found = {"headcount": (mean, int(held.any(axis=0).sum())), "joined": (float(came.sum()), int(came.sum())),
             "left_post": (float(went.sum()), int(went.sum()))}
    if mean:
        found["turnover"] = (float(went.sum()) / mean * 12 / len(months), int(went.sum()))
    if measure is not None and (values := history.of(measure)) is not None and came.any():
        service = np.cumsum(held, axis=0)                              # of newcomers, whose first month is in the records
        seasoned = held & ~came & ((months.end_time.to_numpy().astype("datetime64[s]")[:, None] - joined) > np.timedelta64(FEWEST_MONTHS * 30, "D"))
        seasoned |= held & np.isnat(joined)
        if seasoned.any():
            reached = held & came & (values >= np.median(values[seasoned]))
            there = reached.any(axis=0)
            waits = service[reached.argmax(axis=0), np.arange(len(people))][there]
            if len(waits):
                found["competence"] = (float(np.median(waits)), len(waits))
            found["not_yet"] = (float((came & ~there).sum()), int(came.sum()))
    for name in CUSTOMER_LOSSES:
        if name in pay_measures() and (values := history.of(name)) is not None and held.any():
            final = held.shape[0] - 1 - held[::-1].argmax(axis=0)
            there = held.any(axis=0)
            found[name] = (float(values[final, np.arange(len(people))][there].mean()), int(there.sum()))
    return found


# --- attainment -------------------------------------------------------------------------------------------------------


def attainment(history: History, policies: Sequence[Policy]) -> pd.DataFrame:
    """Result over target by person and period: against the recorded targets; without any, against those that the plans' files give.

    row: of `people`. source: `records` or the policy's name. Only periods that the records hold whole, for people in post in all of
    their months.
    """
    rows = list(_against_recorded(history)) or list(_against_files(history, policies))
    found = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=list(ATTAINMENT_COLUMNS))
    return found[list(ATTAINMENT_COLUMNS)]


def _against_recorded(history: History) -> Iterator[pd.DataFrame]:
    given = GivenTargets(history.records.targets, history.records.people)
    for measure in dict.fromkeys(history.records.targets["measure"]):
        for label in given.periods(measure):
            target = given.value(measure, label).astype(float) / SCALE
            yield from _attained(history, measure, label, target, "records")


def _against_files(history: History, policies: Sequence[Policy]) -> Iterator[pd.DataFrame]:
    for policy in policies:
        for element in policy.pay.values():
            if element.measure is None or element.target is None or element.target.value is None:
                continue
            target = np.full(len(history.records.people), float(element.target.value))
            for label in labels_of(history.months, element.period):
                yield from _attained(history, element.measure, label, target, policy.name)


def labels_of(months: pd.PeriodIndex, period: str) -> list[str]:
    """The periods of a kind that begin or end within the months."""
    return list(dict.fromkeys(period_label(month, period) for month in months))


def bounds_of(label: str) -> tuple[pd.Period, pd.Period]:
    """First and last month of 2025-01, 2025-Q1, 2025-H1 or 2025."""
    year, _, rest = label.partition("-")
    length = {"": 12, "H": 6, "Q": 3}.get(rest[:1], 1)
    first = 1 if not rest else int(rest[1:]) * length - length + 1 if rest[0] in "HQ" else int(rest)
    start = pd.Period(year=int(year), month=first, freq="M")
    return start, start + (length - 1)


def _attained(history: History, measure: str, label: str, target: np.ndarray, source: str) -> Iterator[pd.DataFrame]:
    first, last = (int(month.ordinal - history.months[0].ordinal) for month in bounds_of(label))
    if first < 0 or last >= len(history.months):
        return
    try:
        result = over_period(history.values, measure, first, last, history.days, history.held).floats()
    except InputError:                # the measure is not recorded
        return
    rows = np.flatnonzero((target > 0) & history.held[first : last + 1].all(axis=0))
    if len(rows):
        yield pd.DataFrame(
            {
                "row": rows,
                "measure": measure,
                "period": label,
                "source": source,
                "result": result[rows],
                "target": target[rows],
                "attainment": result[rows] / target[rows],
            }
        )


# --- statistics -------------------------------------------------------------------------------------------------------


def gini(pay: np.ndarray) -> float:
    """Gini index of amounts of 0 or more: 0 where all have the same, towards 1 where one has all. NaN with a negative amount."""
    if not len(pay) or pay.min() < 0 or not (total := pay.sum()):
        return np.nan
    ordered, ranks = np.sort(pay), np.arange(1, len(pay) + 1)
    return float((2 * ranks - len(pay) - 1) @ ordered / (len(pay) * total))


def top_over_median(pay: np.ndarray) -> float:
    """Mean of the best paid tenth (rounded up to whole people) over the median."""
    if not len(pay) or not (middle := np.median(pay)):
        return np.nan
    best = -(-len(pay) // 10)
    return float(np.sort(pay)[-best:].mean() / middle)


def rank_correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Spearman's; NaN where one of the two never varies, or for fewer than three."""
    known = ~(np.isnan(x) | np.isnan(y))
    if known.sum() < 3:
        return np.nan
    a, b = (pd.Series(each[known]).rank().to_numpy() for each in (x, y))
    return float(np.corrcoef(a, b)[0, 1]) if a.std() and b.std() else np.nan


def robust_line(x: np.ndarray, y: np.ndarray) -> tuple[float, float] | None:
    """Slope and intercept of Theil and Sen's line (medians of slopes and of what is left), through up to 1,000 points evenly chosen
    by x; None for fewer than eight points or where x never varies."""
    known = np.flatnonzero(~(np.isnan(x) | np.isnan(y)))
    if len(known) < 8 or x[known].std() == 0:
        return None
    ordered = known[np.argsort(x[known], kind="stable")]
    some = ordered[np.linspace(0, len(ordered) - 1, min(len(ordered), 1000)).astype(int)]
    one, two = np.triu_indices(len(some), 1)
    run = x[some][two] - x[some][one]
    slope = float(np.median((y[some][two] - y[some][one])[run > 0] / run[run > 0]))
    return slope, float(np.median(y[some] - slope * x[some]))


def outliers(x: np.ndarray, y: np.ndarray, most: int = 5) -> np.ndarray:
    """Whose y lies furthest from the robust line: more than 3.5 scaled median deviations off, at most so many, furthest first."""
    line = robust_line(x, y)
    if line is None:
        return np.zeros(0, dtype=np.int64)
    off = np.abs(y - line[1] - line[0] * x)
    scale = 1.4826 * np.nanmedian(off)
    far = np.flatnonzero(off > 3.5 * scale) if scale > 0 else np.zeros(0, dtype=np.int64)
    return far[np.argsort(-off[far], kind="stable")][:most]


def groups_of(grades: pd.Series) -> Mapping[str, np.ndarray]:
    """Rows by grade in the order in which grades first appear."""
    return {str(grade): np.flatnonzero((grades == grade).to_numpy()) for grade in dict.fromkeys(grades)}
