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
# # What if?
#
# Run all cells (Run menu, *Run All Cells*), then move the controls. They start where a policy of the library has them, but for a
# first move: a commission of 600 CNY an account. What is changed is compared with that policy on the same luck, a hundred runs of
# each.
#
# A filled point with its bar clear of the middle line is a difference that luck does not explain. A hollow one is none that can
# be told. The bars know nothing of the model's own doubts: many of its parameters are assumed.

# %% tags=["parameters"]
scenario = "changzhou-2015"
replications = 100
seed = 1
fast = False
lang = "en"
results = "results.json"

# %%
import sim
from sim.app.explorer import explorer

app = explorer(scenario, lang, replications, seed, fast=fast)
app.move(pay="performance", commission=600)
app

# %% [markdown]
# ## Keep what you found
#
# `app.comparison` is what is shown now, and the same as what `sim.compare` returns: it can be plotted for print and reported like
# any other, with `sim.write_report(app.comparison, "reports/mine")`.

# %%
sim.plot(app.comparison, "differences", lang)

# %% [markdown]
# The numbers for programs are in `results.json`.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
app.write(results)
