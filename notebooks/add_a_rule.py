# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Adding a rule: a rumour among customers
#
# A rival bank is said to pay more on deposits. The rumour starts with a handful of customers, passes from those who have heard it
# to those who have not, and whoever hears it is less content with this bank. The model knows no rumours: this notebook adds one,
# without touching the package, and sets the branch with it against the same branch on the same luck without it.

# %% tags=["parameters"]
scenario = "changzhou-2015"
policy = "changzhou-2015"
starts = 15
contagion = 0.25
annoyance = 0.3
replications = 40
seed = 1
fast = False
lang = "en"
results = "results.json"

# %%
import numpy as np
import pandas as pd

import sim
from sim.app.request import request
from sim.app.results import broken, results_of, write_results
from sim.app.tables import differences_table
from sim.report.lines import plot_lines

asked = request(scenario, [policy], replications, seed, fast=fast, lang=lang, store="", fewest=1)

# %% [markdown]
# ## The rule
#
# Once a day, just before customers are served, each who has not heard hears it with a chance of `contagion` times the share who
# have. Hearing takes the share `annoyance` of satisfaction away, once; contacts can win it back, and a discontented customer is
# more likely to leave: that part is the model's own. `team.customers` is the set of customers who are there today; its fields are
# arrays, and what is written to them is written in the simulation. `model.rng` draws anew in every replication and leaves the
# model's own luck alone.

# %%
def with_rumour(model):
    """Register the rumour with a model; who has heard is kept by branch."""
    heard = {team.name: np.zeros(0, dtype=int) for team in model.teams}

    def spread(team):
        if model.day < starts:
            return
        customers = team.customers
        news = customers.select(~np.isin(customers.row, heard[team.name]))
        share = max(5, len(customers) - len(news)) / max(1, len(customers))
        listeners = news.select(model.rng.random(len(news)) < contagion * share)
        listeners.satisfaction = (1.0 - annoyance) * listeners.satisfaction
        heard[team.name] = np.concatenate([heard[team.name], listeners.row])

    model.before("customers", spread)
    return heard

# %% [markdown]
# ## One branch, day by day
#
# A `BankModel` is a Mesa model: what is of interest is collected as in any other.

# %%
def daily(rumour):
    """A replication with or without the rumour, watched every evening."""
    watched = {"satisfaction": lambda m: m.customers.satisfaction.mean(), "customers": lambda m: len(m.customers)}
    model = sim.BankModel(asked.scenario, asked.policy, seed=seed, reporters={"model_reporters": watched})
    if rumour:
        with_rumour(model)
    model.run_model()
    return model.datacollector.get_model_vars_dataframe().rename_axis("day")

days = {"without": daily(False), "with the rumour": daily(True)}

# %%
labels = {"satisfaction": "mean satisfaction (0 to 1)", "customers": "customers"}
panels = {label: pd.DataFrame({name: frame[key] for name, frame in days.items()}) for key, label in labels.items()}
plot_lines(panels, "One replication, day by day", f"The rumour starts on day {starts}.", lang)

# %% [markdown]
# ## What the rumour does, on the same luck
#
# `simulate_stepped` lives the replications of `simulate` through such models, so that the rule acts in each. Nobody's luck shifts:
# what differs between the two runs is the rumour's doing.

# %%
without = asked.simulate()
rumour = sim.simulate_stepped(asked.scenario, asked.policy, with_rumour, asked.replications, seed)
both = sim.set_against(without, rumour, "rumour", {"en": "With the rumour", "zh": "有传闻"})
differences_table(both, lang, ("churned", "satisfaction", "customers", "accounts", "contacts", "pay"))

# %% [markdown]
# More customers leave, though few: in one quarter discontent has little time to become a departure. Accounts and pay do not move
# at all: in this branch managers do not plan by satisfaction, and accounts come from prospects, not from customers held. Whether
# managers ought to notice would be a second rule.

# %% [markdown]
# ## Results for programs
#
# Written only if what must always hold does; and a rule that does nothing must leave every bit as it was.

# %%
same = sim.simulate_stepped(asked.scenario, asked.policy, lambda model: model.before("customers", lambda team: None), 2, seed)
plain = sim.simulate(asked.scenario, asked.policy, 2, seed)
assert same.frame.equals(plain.frame)
totals = {run.policy.name: run.totals() for run in both.runs}
gap = totals["rumour"] - totals[asked.policy.name]
assert (gap["churned"] + gap["customers"] == gap["accounts"]).all() and gap["churned"].mean() > 0 > gap["satisfaction"].mean()
assert not broken(both), broken(both)
write_results(results_of(both, days=days["with the rumour"].reset_index()), results)
