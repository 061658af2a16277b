"""Sliders for pay, pairing and reporting that redraw paired results at once."""

from __future__ import annotations

from collections import OrderedDict
from html import escape
from typing import Any

import ipywidgets as widgets

from sim.app.chart import accounts_svg, differences_svg
from sim.app.levers import Levers, levers_of, moved, out_of_reach
from sim.app.request import request
from sim.app.words import say
from sim.errors import InputError
from sim.experiments.compare import Comparison, comparison_of
from sim.experiments.simulate import Runs
from sim.policy import Policy, list_policies, load_policy
from sim.report.words import title_of
from sim.world import Scenario, check_fit

REPLICATIONS = 100
KEPT = 30  # runs remembered, so that moving a slider back costs nothing
FALLBACK = "fixed-pay"  # where the library has no policy named like the scenario


def explorer(
    scenario: str = "changzhou-2015", lang: str = "en", replications: int = REPLICATIONS, seed: int = 1, *, fast: bool = False,
    jobs: int | None = None,
) -> Explorer:
    """The explorer for one scenario, by name or path. Errors: InputError."""
    asked = request(scenario, [], replications, seed, fast=fast, lang=lang, jobs=jobs, fewest=0)
    return Explorer(asked.scenario, lang, asked.replications, seed, asked.jobs)


class Explorer(widgets.VBox):
    """Controls above, differences to the unchanged policy below.

    start: selects the policy that is changed. controls: by the name of the lever (`sim.app.levers.Levers`). comparison: the one
    that is shown, the unchanged policy first; None while the settings are refused. Policies are compared on the same luck.
    """

    def __init__(self, scenario: Scenario, lang: str, replications: int, seed: int, jobs: int) -> None:
        self.scenario, self.lang, self.replications, self.seed, self.jobs = scenario, lang, replications, seed, jobs
        self.comparison: Comparison | None = None
        self._runs: OrderedDict[str, Runs] = OrderedDict()
        self._settling = False  # while several controls are set at once, they are not answered one by one
        names = fitting(scenario)
        self.start = widgets.Dropdown(options=[(title_of(load_policy(name), lang), name) for name in names], **self._look("start", "460px"),
                                      value=scenario.name if scenario.name in names else FALLBACK if FALLBACK in names else names[0])
        self.controls = self._made()
        self.reset = widgets.Button(description=say("explorer.reset", lang), layout=widgets.Layout(width="auto"))
        self.message, self.picture = widgets.HTML(), widgets.HTML()
        super().__init__([
            widgets.HTML(f"<h3>{escape(say('explorer.title', lang, scenario=title_of(scenario, lang)))}</h3>"),
            widgets.HBox([self.start, self.reset]),
            widgets.HBox([self._group("pay", "pay", "base", "commission"), self._group("pairing", "pairing", "assigned_share"),
                          self._group("reporting", "meetings", "every_days", "minutes")], layout=widgets.Layout(flex_flow="row wrap")),
            self.message, self.picture,
        ])
        self.begin()
        self.start.observe(self.begin, "value")
        self.reset.on_click(self.begin)
        for control in self.controls.values():
            control.observe(self.redraw, "value")

    @property
    def policy(self) -> Policy:
        """The unchanged policy."""
        return load_policy(self.start.value)

    @property
    def levers(self) -> Levers:
        """Where the controls stand."""
        return Levers(**{name: control.value for name, control in self.controls.items()})

    def move(self, **levers: Any) -> None:
        """Put some controls elsewhere, all at once; they are named as in `Levers`."""
        self._settling = True
        try:
            for name, value in levers.items():
                self.controls[name].value = value
        finally:
            self._settling = False
        self.redraw()

    def write(self, path: str) -> None:
        """The numbers of what is shown, for programs. Errors: ValueError where the settings were refused or results are not sound."""
        from sim.app.results import broken, results_of, write_results

        if self.comparison is None:
            raise ValueError("these settings were refused; see the sentence above the chart")
        if problems := broken(self.comparison):
            raise ValueError("; ".join(problems))
        write_results(results_of(self.comparison, levers=vars(self.levers)), path)

    def begin(self, _: Any = None) -> None:
        """Put every control to where the chosen policy has it."""
        self._settling = True
        try:
            for name, value in vars(levers_of(self.policy)).items():
                control = self.controls[name]
                if isinstance(control, (widgets.FloatSlider, widgets.IntSlider)):
                    control.max = max(control.max, value)
                control.value = value
        finally:
            self._settling = False
        self.redraw()

    def redraw(self, _: Any = None) -> None:
        """Run what the controls say, unless it was run before, and show it beside the unchanged policy."""
        if self._settling:
            return
        levers = self.levers
        self.controls["commission"].disabled = levers.pay == "fixed"
        for name in ("every_days", "minutes"):
            self.controls[name].disabled = not levers.meetings
        try:
            policy = self.policy
            changed = moved(policy, levers)
            check_fit(self.scenario, changed)
            self.comparison = comparison_of([self._run(policy), self._run(changed)])
        except InputError as error:
            self.comparison = None
            self.message.value = f'<p role="alert" style="color:#b00020">{escape(str(error))}</p>'
            self.picture.value = ""
            return
        self.message.value = f"<p>{escape(self._note(policy, changed))}</p>"
        self.picture.value = differences_svg(self.comparison, self.lang) + accounts_svg(self.comparison, self.lang)

    def _run(self, policy: Policy) -> Runs:
        """The runs of a policy, from memory if they are there."""
        from dataclasses import replace

        from sim.experiments.simulate import simulate

        known = self._runs.get(policy.digest)
        if known is None:
            known = self._runs[policy.digest] = simulate(self.scenario, policy, self.replications, self.seed, self.jobs)
            while len(self._runs) > KEPT:
                self._runs.popitem(last=False)
        self._runs.move_to_end(policy.digest)
        return replace(known, policy=policy)

    def _note(self, policy: Policy, changed: Policy) -> str:
        words = [say("explorer.nothing_changed" if policy.digest == changed.digest else "explorer.note", self.lang,
                     policy=title_of(policy, self.lang), replications=self.replications, seed=self.seed)]
        if fixed := out_of_reach(policy):
            words.append(say("explorer.out_of_reach", self.lang, elements=", ".join(fixed)))
        if changed.practices.mentor_pairing.rule == "best_with_newest" and policy.practices.mentor_pairing.rule == "none":
            words.append(say("explorer.by_rule", self.lang))
        return " ".join(words)

    def _look(self, name: str, width: str = "380px") -> dict[str, Any]:
        return {"description": say(f"explorer.{name}", self.lang), "style": {"description_width": "165px"}, "layout": widgets.Layout(width=width)}

    def _slider(self, name: str, kind: type[widgets.Widget], low: float, high: float, step: float, form: str) -> widgets.Widget:
        return kind(min=low, max=high, step=step, readout_format=form, continuous_update=False, **self._look(name))

    def _choice(self, name: str, options: tuple[str, ...]) -> widgets.Dropdown:
        return widgets.Dropdown(options=[(say(f"explorer.{name}_{option}", self.lang), option) for option in options], **self._look(name))

    def _made(self) -> dict[str, widgets.Widget]:
        return {
            "pay": self._choice("pay", ("fixed", "performance")),
            "base": self._slider("base", widgets.FloatSlider, 0, 12_000, 250, ",.0f"),
            "commission": self._slider("commission", widgets.FloatSlider, 0, 2_000, 50, ",.0f"),
            "pairing": self._choice("pairing", ("none", "unbundled", "bundled")),
            "meetings": widgets.Checkbox(indent=False, **self._look("meetings")),
            "every_days": self._slider("every_days", widgets.IntSlider, 1, 30, 1, "d"),
            "minutes": self._slider("minutes", widgets.FloatSlider, 0, 120, 5, ".0f"),
            "assigned_share": self._slider("assigned_share", widgets.FloatSlider, 0, 1, 0.05, ".0%"),
        }

    def _group(self, name: str, *controls: str) -> widgets.VBox:
        heading = widgets.HTML(f"<b>{escape(say(f'explorer.group_{name}', self.lang))}</b>")
        return widgets.VBox([heading, *(self.controls[control] for control in controls)], layout=widgets.Layout(margin="0 12px 0 0"))


def fitting(scenario: Scenario) -> list[str]:
    """The library's policies that can be tried in a scenario."""
    return [name for name in list_policies() if _fits(scenario, name)]


def _fits(scenario: Scenario, name: str) -> bool:
    try:
        check_fit(scenario, load_policy(name))
    except InputError:
        return False
    return True
