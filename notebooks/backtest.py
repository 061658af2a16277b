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
# # What each would have earned
#
# Pay plans on a bank's own records: what each of them would have paid to whom, what it would have cost, who would have gained
# or lost. Pay is exact to the fen. Nobody behaves differently here because of a plan: what people would do is for the simulation.
# The first policy named is the baseline. Without `data`, the invented example is used.

# %% tags=["parameters"]
policies = "fixed-pay,performance-pay"
data = ""
resamples = 200
seed = 1
fast = False
lang = "en"
results = "results.json"

# %% [markdown]
# Every mistake in the records is told at once, with file, row and column.

# %%
from sim.app.backtest_tables import asked, broken, headlines, results_of, tables
from sim.app.results import write_results
from sim.report.backtest_figures import plot_backtest

result = asked(policies, data, resamples, seed, fast, lang)
headlines(result, lang)

# %% [markdown]
# ## What the plans pay, by result

# %%
plot_backtest(result, "payout", lang)

# %% [markdown]
# ## Cost over time, and if results move

# %%
plot_backtest(result, "cost", lang)

# %%
plot_backtest(result, "fan", lang)

# %% [markdown]
# ## Who gains and who loses
#
# Bands are fixed on the baseline. The last column says at which level of results a person would be kept whole.

# %%
plot_backtest(result, "winners", lang)

# %%
tables(result, "winners", lang)[0]

# %% [markdown]
# ## What pay is made of, and how even it is

# %%
plot_backtest(result, "components", lang)

# %%
tables(result, "fairness", lang)[0]

# %% [markdown]
# ## A statement, line by line
#
# The person in the middle of the baseline's pay; every line can be worked out again by hand.

# %%
tables(result, "statement", lang)[-1]

# %% [markdown]
# ## Results for programs

# %%
assert not broken(result), broken(result)
write_results(results_of(result), results)
