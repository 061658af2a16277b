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
# # One scheme in one branch
#
# A policy is lived through many times. Each run draws its own luck: who is met, who says yes, who leaves. What the runs have
# in common is what the policy does in this model; how far they differ is what luck alone can do in such a quarter.

# %% tags=["parameters"]
scenario = "changzhou-2015"
policy = "changzhou-2015"
replications = 200
seed = 1
fast = False
lang = "en"
store = "cache"
results = "results.json"

# %% [markdown]
# The values above become a checked request: a name that does not exist or a policy that does not fit the branch ends here.

# %%
import sim
from sim.app.request import request
from sim.app.results import broken, results_of, write_results
from sim.app.tables import assumptions_table, heading, headline_of, scheme_table, summary_table
from sim.report.spread import plot_spread

asked = request(scenario, [policy], replications, seed, fast=fast, lang=lang, store=store)
run = asked.simulate()
heading(run, lang)

# %% [markdown]
# ## What the scheme says

# %%
scheme_table(asked.policy, lang)

# %% [markdown]
# ## What comes of it
#
# The interval of the mean says how well this many runs pin the mean down. The band of nine runs in ten says what one quarter
# may bring. Neither holds any doubt about the model's parameters.

# %%
headline_of(run, lang)

# %%
summary_table(run, lang)

# %%
plot_spread(run, lang)

# %% [markdown]
# ## Accounts, week by week and person by person

# %%
sim.plot(run, "accounts", lang)

# %% [markdown]
# ## Norm, effort and skill
#
# The norm is the effort a manager takes to be usual among the colleagues whose results are seen.

# %%
sim.plot(run, "weeks", lang)

# %% [markdown]
# ## What this rests on
#
# Values that were assumed are educated guesses with a stated range; `asked.scenario.ledger()` lists every one with its source.

# %%
assumptions_table(asked.scenario, lang)

# %% [markdown]
# ## Results for programs
#
# Written only if what must always hold does: parts add up to wholes, shares lie between 0 and 1, no run is missing.

# %%
assert not broken(run), broken(run)
write_results(results_of(run), results)
