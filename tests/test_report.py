"""Figures and reports: they show what was computed, say no more than it allows, and are the same bytes every time."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import string
import subprocess
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.text import Text

import sim
from sim.errors import InputError
from sim.experiments.compare import COMPARISON_COLUMNS, Comparison
from sim.experiments.simulate import Runs
from sim.policy import make_policy
from sim.report import headline, kinds, plot, write_report
from sim.report import style, write
from sim.report.case import Milestone, at_milestone, facts_for, nearest_week
from sim.report.findings import MAIN, leader, not_told_from, takeaway, verdict
from sim.report.page import ledger_groups
from sim.report.series import by_manager, full_weeks, week_ends, weekly
from sim.report.spread import plot_spread
from sim.report.style import Plot, clipped, day_marks, extent, png, svg, wrapped
from sim.report.words import LANGUAGES, MINUS, gap, labels, number, spread, titles

SCHEMES = ("fixed-solo-weekly", "fixed-solo-daily", "fixed-paired-weekly", "performance-solo-weekly")
NASTY = "<script>alert('x')</script> & \"$x^2$\" {braces} %s"


@pytest.fixture(scope="session")
def comparison(changzhou) -> Comparison:
    return sim.compare(changzhou, [sim.load_policy(name) for name in SCHEMES], replications=8)


@pytest.fixture(scope="session")
def twins(short) -> Comparison:
    """A scheme beside itself under another name: no difference to find, and a title that means harm."""
    twin = make_policy({"extends": "fixed-pay", "status": "proposed", "title": {"en": NASTY, "zh": "中文" + NASTY}, "source": NASTY}, "twin")
    return sim.compare(short, [sim.load_policy("fixed-pay"), twin], replications=6)


@pytest.fixture(scope="session")
def runs() -> Runs:
    return sim.simulate(sim.load_scenario("changzhou-2016"), sim.load_policy("changzhou-2016"), replications=8)


@pytest.fixture(scope="session")
def written(comparison, tmp_path_factory) -> Path:
    """The folder of an English report."""
    return write_report(comparison, tmp_path_factory.mktemp("report"), notebooks=[("Compare <it>", "notebooks/compare all.html")]).parent


class Page(HTMLParser):
    """Tags and texts of a page; unbalanced tags fail."""

    VOID = {"meta", "img", "br", "wbr"}

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.texts))


# --- words -----------------------------------------------------------------------------------------------------------


def test_every_label_has_the_same_gaps_in_both_languages():
    def gaps(text: str) -> set[str]:
        return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}

    for key, texts in labels().items():
        assert gaps(texts["en"]) == gaps(texts["zh"]), key


def test_every_label_is_used_and_every_label_used_exists():
    folder = Path(style.__file__).parent
    own = ("backtest", "workbook")               # these have words of their own, in backtest.yaml
    source = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*"))
                     if path.suffix in (".py", ".j2") and not path.name.startswith(own))
    used = set(re.findall(r"""["']((?:\w+\.)+\w+)["']""", source))
    built = ("units.", "cohorts.", "policy.", "report.statuses.", "report.verdict_", "headline.pay_", "takeaway.", "figure.accounts.")
    for key in labels():
        assert key in used or key.startswith(built), f"{key} is never used"
    groups = {key.split(".")[0] for key in labels()}
    for key in used:
        if key.split(".")[0] in groups and key not in rcParams and not key.endswith((".html", ".html.j2", ".css", ".csv")):
            assert any(entry.startswith(key) for entry in labels()), f"{key} is not in labels.yaml"


def test_units_of_all_measures_have_chinese_words():
    for name, measure in sim.list_measures().items():
        assert f"units.{measure.unit}" in labels(), name


@given(st.floats(-1e9, 1e9), st.sampled_from(["CNY", "accounts", "0 to 1", "anything"]))
def test_a_printed_number_is_within_half_of_its_last_digit(value, unit):
    text = number(value, unit, signed=True).replace(",", "").replace(MINUS, "-")
    digits = len(text.partition(".")[2])
    assert abs(float(text) - value) <= 0.5000001 * 10.0 ** -digits + 1e-6
    assert "-" not in text or float(text) < 0


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (-0.0439, -0.0021, "−0.044 to −0.002"), (0.0004, 0.5, "+0.0004 to +0.5000"), (-0.0439, 0.0021, "−0.04 to 0.00"),
        (0.0, 0.02, "0.00 to +0.02"), (0.02, 0.04, "+0.02 to +0.04"),
    ],
)  # fmt: skip
def test_a_bound_that_is_not_zero_does_not_print_as_zero_where_the_verdict_depends_on_it(low, high, text):
    assert spread(low, high, "hours a day", "en", signed=True) == text
    row = pd.Series({"difference": (low + high) / 2, "ci_low": low, "ci_high": high})
    assert len(gap(row, "hours a day").partition(".")[2]) == len(text.split(" ")[0].partition(".")[2])


@given(st.text(alphabet="ab 一二三（）。，“”-", max_size=80), st.integers(4, 30))
def test_wrapping_loses_nothing_and_keeps_to_the_width(text, width):
    lines = wrapped(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(extent(line) <= 2 * width for line in lines)
    assert extent(clipped(text, width)) <= width


def test_policies_with_the_same_title_are_told_apart(fact_policy):
    other = fact_policy.with_changes({"practices.reporting.every_days": 3})
    names = titles([fact_policy, other], "en")
    assert len(set(names.values())) == 2


# --- numbers ---------------------------------------------------------------------------------------------------------


def test_weeks_add_up_to_totals(comparison):
    for run in comparison.runs:
        totals = run.totals()["accounts"].to_numpy()
        assert np.array_equal(weekly(run, "accounts").sum(axis=1), totals)
        assert np.array_equal(sum(by_manager(run, "accounts").values()), totals)
    assert weekly(run, "skill").shape == (8, len(week_ends(run.scenario)))


def test_weeks_of_two_days_are_left_out_of_trends(changzhou):
    assert len(week_ends(changzhou)) == 14
    assert full_weeks(changzhou) == list(range(13))          # 30 and 31 March 2015 are a Monday and a Tuesday


def test_the_case_stands_beside_its_own_scenario_only(changzhou, short):
    facts = facts_for(changzhou)
    assert facts.total == 18 and facts.counts["B"] == 7 and facts.sums == {("A", "C"): 4}
    later = facts_for(sim.load_scenario("changzhou-2016"))
    assert later.total == 104 and later.ranges == {"A": (1, 11), "C": (14, 24)}
    assert facts_for(short) is None
    assert facts_for(sim.load_scenario("branch")) is None


def test_milestones_read_the_right_manager_at_the_right_week(runs):
    facts = facts_for(runs.scenario)
    mid_february = next(m for m in facts.milestones if m.accounts == 10)
    assert (mid_february.rank, mid_february.at_least, len(mid_february.managers)) == (3, True, 5)
    week = nearest_week(runs.scenario, mid_february.day)
    assert abs((week_ends(runs.scenario)[week] - mid_february.day).days) <= 3
    labels_so_far = runs.scenario.timeline.week_labels[: week + 1]
    frame = runs.frame[(runs.frame["measure"] == "accounts") & runs.frame["period"].isin(labels_so_far)]
    frame = frame[frame["id"].isin(mid_february.managers)]
    counts = frame.groupby(["replication", "id"], observed=True)["value"].sum().unstack()
    expected = [sorted(row, reverse=True)[2] for row in counts.to_numpy()]
    assert at_milestone(runs, mid_february).tolist() == expected
    last = Milestone(week_ends(runs.scenario)[-1], ("A",), "", 1, 0, False)
    assert np.array_equal(at_milestone(runs, last), by_manager(runs, "accounts")["A"])


def test_the_ledger_on_the_page_has_every_value(changzhou):
    groups = ledger_groups(changzhou)
    assert sum(len(group.values) for group in groups) == len(changzhou.ledger())
    assert {group.status for group in groups} == set(changzhou.ledger()["status"])


# --- sentences -------------------------------------------------------------------------------------------------------


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_a_difference_is_told_only_if_zero_is_outside(low, width):
    high = low + width
    assert (verdict(low, high) in ("more", "less")) == (not low <= 0.0 <= high)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_headlines_are_three_lines(comparison, twins, runs, lang):
    for result in (comparison, twins, runs):
        lines = headline(result, lang)
        assert len(lines) == 3
        assert all(line and "\n" not in line and line[-1] in ".。" for line in lines)
        assert str(result.provenance["seed"]) in lines[2] and str(result.provenance["replications"]) in lines[2]


def test_the_headline_gives_the_leader_with_its_interval(comparison):
    best, first = leader(comparison), headline(comparison)[0]
    rows = comparison.table[comparison.table["measure"] == "accounts"].set_index("policy")
    assert best == rows["mean"].idxmax() and rows.loc[best, "ci_low"] > 0
    for value in ("mean", "difference", "ci_low", "ci_high"):
        assert number(rows.loc[best, value], "accounts") in first
    assert "95 %" in first and sim.load_policy(best).label.en in first
    for name in not_told_from(comparison, best):
        assert name == best or titles([run.policy for run in comparison.runs], "en")[name] in first or "other schemes" in first


def test_no_leader_is_made_up_between_twins(twins):
    assert leader(twins) is None
    first, second, _ = headline(twins)
    assert "No difference" in first and "Nor can a difference in pay be told" in second
    assert "看不出" in headline(twins, "zh")[0]
    assert not_told_from(twins, "twin") == ["fixed-pay"]


def test_a_baseline_that_is_best_stays_unbeaten(comparison):
    from sim.experiments.compare import comparison_of

    best_first = comparison_of([comparison.runs[3], comparison.runs[0]])
    assert leader(best_first) is None
    assert "No scheme is shown to open more accounts" in headline(best_first)[0]


def test_the_third_sentence_says_how_much_is_assumed(comparison):
    statuses = comparison.scenario.ledger()["status"]
    assert f"rest on {len(statuses)} values, of which {(statuses == 'assumed').sum()} are assumed" in headline(comparison)[2]


def test_the_headline_needs_no_drawing():
    code = "import sys; from sim.report import headline; assert 'matplotlib' not in sys.modules and 'jinja2' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


# --- figures ---------------------------------------------------------------------------------------------------------


def drawn(figure: Plot) -> Plot:
    figure.canvas.draw()
    return figure


def axes_of(figure: Plot) -> list:
    return [axes for axes in figure.subfigs[0].axes if axes.get_visible()]


def all_figures(comparison, runs) -> Iterator[tuple[str, Plot]]:
    for result in (comparison, runs):
        for kind in kinds(result):
            for lang in LANGUAGES:
                yield f"{kind} {lang}", plot(result, kind, lang)


def test_the_forest_shows_each_policy_at_its_difference(comparison):
    figure = drawn(plot(comparison, "differences"))
    panels = axes_of(figure)
    assert len(panels) == len(MAIN)
    names = titles([run.policy for run in comparison.runs], "en")
    for axes, measure in zip(panels, MAIN):
        rows = comparison.table[comparison.table["measure"] == measure].set_index("policy").loc[list(SCHEMES[1:])]
        points = [line for line in axes.lines if line.get_marker() != "None"]
        bars = [line for line in axes.lines if line.get_marker() == "None" and len(set(line.get_ydata())) == 1]
        assert [point.get_xdata()[0] for point in points] == rows["difference"].tolist()
        assert [list(bar.get_xdata()) for bar in bars] == rows[["ci_low", "ci_high"]].to_numpy().tolist()
        hollow = [point.get_markerfacecolor() == "white" for point in points]
        assert hollow == [low <= 0 <= high for low, high in zip(rows["ci_low"], rows["ci_high"])]
    shown = [label.get_text().replace("\n", " ") for label in panels[0].get_yticklabels()]
    assert shown == [names[name] for name in SCHEMES[1:]]


def test_pay_against_output_has_a_point_a_policy(comparison):
    axes, = axes_of(plot(comparison, "pay_output"))
    points = [(line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines if line.get_marker() not in ("None", None)]
    means = [(run.totals()["pay"].mean(), run.totals()["accounts"].mean()) for run in comparison.runs]
    assert points == means


def test_pay_against_output_of_many_policies_is_as_wide_as_its_means_ask(comparison):
    from sim.experiments.compare import comparison_of

    many, few = (axes_of(plot(result, "pay_output"))[0] for result in (comparison, comparison_of(comparison.runs[:2])))
    middle = np.mean([run.totals()["accounts"].mean() for run in comparison.runs])
    assert 0 < many.get_ylim()[0] < middle < many.get_ylim()[1] and few.get_ylim()[0] == 0
    bars = [sum(line.get_linewidth() == 0.9 and line.get_linestyle() == "-" for line in axes.lines) for axes in (many, few)]
    assert bars == [0, 4]
    small = [" ".join(text.get_text() for text in plot(result, "pay_output").subfigs[1].texts) for result in (comparison, comparison_of(comparison.runs[:2]))]
    assert ["Thin bars" in text for text in small] == [False, True] and "do not start at zero" in small[0].replace("\n", " ")


def test_the_case_is_drawn_where_it_is_known(runs):
    weeks, people, milestones = axes_of(plot(runs, "accounts"))
    assert [line.get_ydata()[0] for line in weeks.lines if line.get_marker() == "D"] == [104]
    dots = {int(line.get_ydata()[0]): line.get_xdata()[0] for line in people.lines if line.get_marker() == "D"}
    names = list(runs.scenario.managers)
    assert {names[row]: count for row, count in dots.items() if row < len(names)} == facts_for(runs.scenario).counts
    assert dots[len(names)] == 25                            # A and C, known together
    assert sum(line.get_marker() == ">" for line in milestones.lines) == 3


def test_every_figure_says_its_seed_replications_and_units(comparison, runs):
    for name, figure in all_figures(comparison, runs):
        small = " ".join(text.get_text() for text in figure.subfigs[1].texts)
        assert "incentivelab " + sim.__version__ in small and re.search(r"(seed|随机种子) 1\b", small), name
        assert re.search(r"(replications|重复模拟) 8\b", small), name
        assert any(axes.get_xlabel() or axes.get_ylabel() for axes in axes_of(figure)), name


def test_no_text_is_cut_off_and_legends_cover_nothing(comparison, runs):
    for name, figure in all_figures(comparison, runs):
        drawn(figure)
        whole = figure.bbox.padded(1.0)
        texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
        seen = [(text.get_text(), text.get_window_extent()) for text in texts]
        for text, box in seen:
            if not (whole.x0 <= box.x0 and box.x1 <= whole.x1 and whole.y0 <= box.y0 and box.y1 <= whole.y1):
                assert on_an_axis_out_of_sight(text, figure), f"{name}: {text!r} leaves the figure"
        for legend in figure.subfigs[0].legends:
            others = [box for text, (_, box) in zip(texts, seen) if text not in legend.get_texts()]
            box = legend.get_window_extent()
            assert not any(box.overlaps(axes.get_tightbbox()) for axes in axes_of(figure)), f"{name}: legend over a panel"
            assert not any(box.overlaps(other) for other in others), f"{name}: legend over other words"
        for axes in axes_of(figure):
            for axis in (axes.xaxis, axes.yaxis):
                seen_ticks = [tick.label1 for tick in axis.get_major_ticks() if between(tick.get_loc(), axis.get_view_interval())]
                boxes = [label.get_window_extent() for label in seen_ticks if label.get_visible() and label.get_text()]
                assert not any(one.overlaps(other) for one, other in combinations(boxes, 2)), f"{name}: tick labels over one another"
        tight = [axes.get_tightbbox() for axes in axes_of(figure)]
        for one, other in combinations(tight, 2):
            assert not one.padded(-1.5).overlaps(other.padded(-1.5)), f"{name}: panels over one another"


def between(value: float, ends: tuple[float, float]) -> bool:
    return min(ends) <= value <= max(ends)


def on_an_axis_out_of_sight(text: str, figure: Plot) -> bool:
    """Ticks beyond the limits of an axis keep their labels but are not drawn."""
    return any(tick.label1.get_text() == text and not between(tick.get_loc(), axis.get_view_interval())
               for axes in figure.subfigs[0].axes for axis in (axes.xaxis, axes.yaxis) for tick in axis.get_major_ticks())


@pytest.mark.skipif(style.chinese_font() is None, reason="no font with Chinese glyphs")
def test_chinese_figures_have_every_glyph(comparison, runs, recwarn):
    for result in (comparison, runs):
        for kind in kinds(result):
            png(plot(result, kind, "zh"), dpi=40)
    assert not [warning for warning in recwarn if "Glyph" in str(warning.message)]


def test_without_a_chinese_font_figures_are_english_and_the_report_says_so(runs, tmp_path, monkeypatch):
    monkeypatch.setattr(style, "chinese_font", lambda: None)
    assert plot(runs, "weeks", "zh").heading == plot(runs, "weeks", "en").heading
    page = write_report(runs, tmp_path, "zh").read_text(encoding="utf-8")
    assert "没有找到中文字体" in page and "怎样阅读" in page


def test_figures_are_the_same_bytes_twice(comparison):
    for save in (png, svg):
        assert save(plot(comparison, "pay_output")) == save(plot(comparison, "pay_output"))


def test_the_gain_of_twins_is_left_blank(twins):
    assert takeaway(twins, "coupling", "en").count("–") == 3
    lines = [line for axes in axes_of(plot(twins, "coupling")) for line in axes.lines if len(line.get_xdata()) > 2]
    assert all(np.isnan(line.get_ydata()).all() for line in lines)


def test_more_policies_than_colours_still_differ():
    looks = {(look.color, look.marker) for look in map(style.look, range(24))}
    assert len(looks) == 24


@given(st.dates(), st.integers(1, 800), st.integers(1, 8))
def test_days_marked_are_few_and_inside(first, span, most):
    from datetime import date, timedelta

    if first.year > 9000:
        return
    marks = day_marks(first, last := first + timedelta(days=span), most)
    assert 1 <= len(marks) <= most and all(isinstance(day, date) and first <= day <= last for day in marks)


def test_large_teams_are_shown_by_cohort():
    branch = sim.load_scenario("branch")
    people = branch.model_dump(exclude_none=True)["branches"]["branch"]["managers"]
    crowd = branch.with_changes({"calendar.days": 10, **{f"branches.second.managers.{name}x": spec for name, spec in people.items()},
                                 "branches.second.managers.one-more": people["M01"]})
    run = sim.simulate(crowd, sim.load_policy("fixed-pay"), replications=2)
    _, panel = axes_of(plot(run, "accounts"))
    assert [label.get_text() for label in panel.get_yticklabels()] == ["veterans, mean of 13", "newcomers, mean of 12"]


@pytest.mark.parametrize(("call", "words"), [
    (lambda result: plot(result, "diferences"), "differences"), (lambda result: plot(result, lang="fr"), "en or zh"),
    (lambda result: headline(result, "cn"), "en or zh"), (lambda result: write_report(result, "nowhere", "de"), "en or zh"),
])
def test_mistakes_are_answered_in_a_sentence(comparison, call: Callable, words: str):
    with pytest.raises(InputError, match=words):
        call(comparison)
    assert not Path("nowhere").exists()


# --- the report ------------------------------------------------------------------------------------------------------


def test_the_report_gives_every_difference_as_printed(written, comparison):
    text = Page((written / "report.html").read_text(encoding="utf-8")).text
    for row in comparison.table[comparison.table["measure"].isin(MAIN)].itertuples():
        for value in (row.difference, row.ci_low, row.ci_high):
            assert number(value, row.unit, signed=True) in text
    for line in headline(comparison):
        assert line in text
    for kind in kinds(comparison):
        assert takeaway(comparison, kind, "en") in text


def test_the_report_asks_nothing_of_any_network(written):
    page = Page((written / "report.html").read_text(encoding="utf-8"))
    assert not {"script", "link", "iframe", "object", "base", "form"} & {tag for tag, _ in page.tags}
    loading = ("src", "href", "srcset", "data", "action")
    addresses = [value or "" for _, attrs in page.tags for key, value in attrs.items() if key in loading]
    assert all(address.startswith("data:image/svg+xml;base64,") or re.fullmatch(r"[\w./%-]+", address) for address in addresses)
    assert "notebooks/compare%20all.html" in addresses
    without_pictures = re.sub(r"base64,[A-Za-z0-9+/=]+", "", (written / "report.html").read_text(encoding="utf-8"))
    assert not re.search(r"https?:|url\(|@import|//\w", without_pictures)
    for _, attrs in page.tags:
        if (source := attrs.get("src") or "").startswith("data:"):
            picture = base64.b64decode(source.partition(",")[2]).decode("utf-8")
            assert not re.search(r"""(href|src)=["'](?!#)""", picture) and "url(http" not in picture


def test_figures_have_words_for_those_who_do_not_see_them(written, comparison):
    page = Page((written / "report.html").read_text(encoding="utf-8"))
    words = [attrs["alt"] or "" for tag, attrs in page.tags if tag == "img"]
    assert len(words) == len(kinds(comparison)) == len(set(words))
    for kind, alt in zip(kinds(comparison), words):
        assert takeaway(comparison, kind, "en") in alt


def test_titles_that_mean_harm_are_shown_as_text(twins, tmp_path):
    for lang in LANGUAGES:
        html = write_report(twins, tmp_path / lang, lang, [(NASTY, "javascript:alert(1)")]).read_text(encoding="utf-8")
        page = Page(html)
        assert "script" not in {tag for tag, _ in page.tags}
        assert NASTY in page.text
        assert not any((attrs.get("href") or "").startswith("javascript:") for _, attrs in page.tags)
        assert plot(twins, "differences", lang)              # nor does a dollar or a brace stop a figure


def test_both_languages_tell_the_same_numbers(comparison, tmp_path):
    pages = {lang: write_report(comparison, tmp_path / lang, lang).read_text(encoding="utf-8") for lang in LANGUAGES}
    cells = {lang: re.findall(r'<td class="n">([^<]*)</td>', page) for lang, page in pages.items()}
    assert [cell.replace(" 至 ", " to ") for cell in cells["zh"]] == cells["en"] and len(cells["en"]) > 50
    assert '<html lang="zh-CN">' in pages["zh"] and '<html lang="en">' in pages["en"]
    assert (tmp_path / "en" / "results.parquet").read_bytes() == (tmp_path / "zh" / "results.parquet").read_bytes()


def test_statuses_of_every_assumption_are_marked(written, comparison):
    html = (written / "report.html").read_text(encoding="utf-8")
    for status in set(comparison.scenario.ledger()["status"]) | {run.policy.status for run in comparison.runs}:
        assert f'<span class="status {status}">' in html
    for run in comparison.runs:
        assert run.policy.digest in html and run.policy.pay["base"].assumed in Page(html).text


FILES = ["comparison.csv", "provenance.json", "report.html", "results.parquet"]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_files_beside_hold_what_was_computed(written, comparison):
    table = pd.read_csv(written / "comparison.csv")
    assert tuple(table.columns) == COMPARISON_COLUMNS
    pd.testing.assert_frame_equal(table, comparison.table.astype({"measure": str}), check_dtype=False, rtol=1e-9)
    frame = pd.read_parquet(written / "results.parquet")
    assert list(frame.columns) == ["scenario", "policy", "replication", "seed", "level", "id", "period", "measure", "value"]
    assert np.array_equal(frame["value"].to_numpy(), comparison.frame["value"].to_numpy())
    made = json.loads((written / "provenance.json").read_text(encoding="utf-8"))
    for name, digest in made["files"].items():
        assert hashlib.sha256((written / name).read_bytes()).hexdigest() == digest
    assert made["seed"] == 1 and made["replications"] == 8 and made["policies"].keys() == set(SCHEMES)
    assert names_in(written) == FILES


def test_the_same_result_gives_the_same_bytes(comparison, written, tmp_path):
    again = write_report(comparison, tmp_path / "again", notebooks=[("Compare <it>", "notebooks/compare all.html")]).parent
    for path in written.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name


def test_files_can_be_read_by_others(written):
    assert len({path.stat().st_mode for path in written.iterdir()}) == 1


def test_an_interruption_leaves_nothing(comparison, tmp_path, monkeypatch):
    def stop(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("sim.report.page.draw_all", stop)
    with pytest.raises(KeyboardInterrupt):
        write_report(comparison, tmp_path / "deep" / "new")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(KeyboardInterrupt):
        write_report(comparison, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_interruption_while_moving_files_leaves_all_of_them(comparison, tmp_path, monkeypatch):
    moves, replace = [], write.os.replace

    def interrupted(source: Path, target: Path) -> None:
        moves.append(target)
        if len(moves) == 3:                                 # the first was parquet's own
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(write.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_report(comparison, tmp_path / "out")
    assert names_in(tmp_path / "out") == FILES


def test_a_place_that_is_no_folder_is_refused(comparison, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="a folder for the report"):
        write_report(comparison, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_runs_have_a_shorter_report(runs, tmp_path):
    path = write_report(runs, tmp_path)
    page = Page(path.read_text(encoding="utf-8"))
    summary = pd.read_csv(tmp_path / "summary.csv")
    assert "Changzhou 2016" in page.text and len(summary) == len(runs.summary())
    for row in runs.summary().itertuples():
        assert number(row.mean, row.unit) in page.text


def test_one_replication_claims_no_interval(fact_policy, short, tmp_path):
    single = sim.simulate(short, fact_policy, replications=1)
    assert "says nothing about chance" in headline(single)[0]
    assert "nan" not in Page(write_report(single, tmp_path).read_text(encoding="utf-8")).text.lower().split()


def test_the_spread_counts_every_replication_once(runs: Runs) -> None:
    axes = next(ax for ax in plot_spread(runs).findobj(Axes) if ax.patches)
    assert sum(bar.get_height() for bar in axes.patches) == runs.replications
