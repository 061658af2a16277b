# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Schemes compared
#
# Every scheme is tried on the same luck: the same people meet the same customers on the same days, as far as the scheme lets
# them. A difference between two schemes is then a difference of the schemes, and far fewer runs suffice to see it.
# The first scheme named is the baseline.

# %% tags=["parameters"]
scenario = "changzhou-2015"
policies = "fixed-paired-weekly,fixed-solo-weekly,performance-paired-weekly"
replications = 200
seed = 1
confidence = 0.95
precision = ""
simultaneous = False
fast = False
lang = "en"
store = "cache"
results = "results.json"

# %% [markdown]
# The values above become a checked request. Runs that were made before are found in the store rather than made again.

# %%
import sim
from sim.app.request import request
from sim.app.results import broken, results_of, write_results
from sim.app.tables import assumptions_table, differences_table, headline_of, luck_table

asked = request(
    scenario, policies, replications, seed, confidence=confidence, fast=fast, lang=lang, store=store, fewest=2,
    precision=precision, simultaneous=simultaneous,
)
result = asked.compare()
headline_of(result, lang)

# %% [markdown]
# ## Differences to the baseline

# %%
sim.plot(result, "differences", lang)

# %%
differences_table(result, lang)

# %% [markdown]
# ## Pay against output
#
# A scheme above and to the left of another opens more accounts for less pay.

# %%
sim.plot(result, "pay_output", lang)

# %% [markdown]
# ## Accounts over time, and who opens them

# %%
sim.plot(result, "accounts", lang)

# %%
sim.plot(result, "managers", lang)

# %% [markdown]
# ## Norm, effort and skill over time

# %%
sim.plot(result, "weeks", lang)

# %% [markdown]
# ## What the same luck is worth
#
# How many times more runs would be needed, for intervals as narrow, if each scheme had luck of its own. A dash: the
# difference is the same in every run. Week by week the worlds drift apart, and the gain with them.

# %%
luck_table(result, lang)

# %%
sim.plot(result, "coupling", lang)

# %% [markdown]
# ## What this rests on
#
# Intervals tell of luck alone. Doubt about the values below is not in them: with other values the differences move, and the
# order of the schemes may.

# %%
assumptions_table(asked.scenario, lang)

# %% [markdown]
# ## Results for programs

# %%
assert not broken(result), broken(result)
write_results(results_of(result), results)
