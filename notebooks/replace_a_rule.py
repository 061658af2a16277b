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
# # Replacing a rule: another learning curve
#
# In the model skill grows with every contact by a share of what is still missing: fast at first, slower later. Some hold that
# selling is learned in an S: slowly while nothing yet makes sense, then fast, then slowly again. Which of the two is true matters
# for newcomers. This notebook puts the second in the place of the first and runs it at full speed, without touching the package.

# %% tags=["parameters"]
scenario = "changzhou-2015"
policy = "changzhou-2015"
steepness = 3.0
replications = 200
seed = 1
fast = False
lang = "en"
store = "cache"
results = "results.json"

# %%
import math

import pandas as pd

import sim
from sim.app.request import request
from sim.app.results import broken, results_of, write_results
from sim.app.tables import differences_table
from sim.report.lines import plot_lines

asked = request(scenario, [policy], replications, seed, fast=fast, lang=lang, store=store, fewest=1)

# %% [markdown]
# ## The rule
#
# `sim.list_rules()` names every rule of the model; `sim/rules/` shows what each says. A function that is to stand in the place of
# one has the same parameters and is made of numbers, functions of `math` and other rules. Here growth is in proportion to what is
# known as well as to what is missing, and to the same rate.

# %%
def learn_in_an_s(skill, contacts, rate, ceiling):
    """Skill after contacts on a logistic curve to the ceiling; rate = 0 changes nothing, skill above the ceiling is kept."""
    if skill >= ceiling:
        return skill
    start = max(skill, 0.01 * ceiling)
    return ceiling / (1.0 + (ceiling / start - 1.0) * math.exp(-steepness * rate * contacts))

# %%
from sim.rules.learning import learn

rate, ceiling = asked.scenario.value("learning_rate"), asked.scenario.value("skill_ceiling")
contacts = pd.RangeIndex(0, 151, name="contacts")
curves = {"the model's": learn, "in an S": learn_in_an_s}
curve = pd.DataFrame({name: [rule(0.1, float(n), rate, ceiling) for n in contacts] for name, rule in curves.items()}, index=contacts)
plot_lines({"skill (share of full competence)": curve}, "From a first day's skill of 0.1", "Each curve is the rule itself.", lang)

# %% [markdown]
# ## In its place
#
# Within the block every run follows the new rule. What calls it is compiled anew, once: less than a minute. Results, compiled code
# and provenance go by a name of their own, so that nothing made with one rule is ever taken for the other's.

# %%
before = asked.simulate()
with sim.replaced({"learning.learn": learn_in_an_s}):
    after = asked.simulate()
both = sim.set_against(before, after, "s-curve", {"en": "Learning in an S", "zh": "S形学习"})
after.provenance["replaced"]

# %%
sim.plot(both, "weeks", lang)

# %%
differences_table(both, lang)

# %% [markdown]
# ## Who it concerns
#
# Skill on the first day follows from tenure by the same rule. Whoever is past the point where the two curves cross stands higher
# on the S from that day on, whoever is before it lower; how many accounts that makes, the table tells.

# %%
means = [run.totals("manager")["accounts"].groupby("id", observed=True).mean() for run in both.runs]
people = pd.DataFrame(dict(zip(("before", "in an S"), means, strict=True)))
people["difference"] = people["in an S"] - people["before"]
people.round(1)

# %% [markdown]
# ## What does not fit is refused
#
# A function that draws luck, prints, keeps something for later or has other parameters cannot be a rule; one sentence says why.

# %%
try:
    with sim.replaced({"learning.learn": lambda skill, contacts, rate: skill}):
        pass
except sim.InputError as error:
    print(error)

# %% [markdown]
# ## Results for programs
#
# Written only if what must always hold does; and after the block all is as before it, to the last bit.

# %%
again = sim.simulate(asked.scenario, asked.policy, asked.replications, seed)
assert again.frame["value"].equals(before.frame["value"]) and "replaced" not in again.provenance
assert after.provenance["code"] != before.provenance["code"] and not after.frame["value"].equals(before.frame["value"])
assert not broken(both), broken(both)
write_results(results_of(both, people=people.reset_index()), results)
