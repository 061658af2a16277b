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
# # The Changzhou branch: 18 accounts, then 104
#
# A branch's seven managers for corporate customers opened 18 accounts in the first quarter of 2015 and 104 in the first
# quarter of 2016. Between the two, management changed four things at once: newcomers were no longer paired with veterans and
# appraised with them, leads were no longer handed out, results were reported daily instead of weekly, and successes instead of
# excuses were told. Four of the seven people changed too. Which of these did it? The case alone cannot say. This notebook puts
# a model beside the facts, moves one thing at a time, and says where it stops.

# %% tags=["parameters"]
replications = 200
seed = 1
fast = False
lang = "en"
store = "cache"
results = "results.json"

# %%
import sim
from sim.app import changzhou
from sim.app.request import request
from sim.app.results import broken, write_results
from sim.app.tables import assumptions_table, differences_table, scheme_table

asked = {
    year: request(f"changzhou-{year}", [f"changzhou-{year}"], replications, seed, fast=fast, lang=lang, store=store)
    for year in (2015, 2016)
}
before, after = asked[2015], asked[2016]

# %% [markdown]
# ## The facts
#
# Counts of single people are known for some; of others only a sum, or bounds that follow from ranks. `data/cases/changzhou.yaml`
# holds every figure with its basis: stated, derived by arithmetic, or assumed.

# %%
changzhou.counts_table(lang)

# %% [markdown]
# ## What management chose
#
# The practices are documented. No pay plan is: both quarters are given the same assumed one, so that pay cannot explain the
# change.

# %%
scheme_table(before.policy, lang)

# %%
scheme_table(after.policy, lang)

# %% [markdown]
# ## The first quarter of 2015, model beside facts
#
# Bars show what luck can bring with these people under these practices; diamonds are the counts. A count outside its bar is
# something the model does not explain.

# %%
run_2015 = before.simulate()
sim.plot(run_2015, "accounts", lang)

# %%
changzhou.beside_table(run_2015, lang)

# %% [markdown]
# ## The first quarter of 2016
#
# The source also tells how the quarter went: all five newcomers past the old mean by mid-January, C asking for a smaller target
# in early February, three newcomers in two digits by mid-February, two at twenty by mid-March. "Mid" and "early" are read as the
# nearest week's end.

# %%
run_2016 = after.simulate()
sim.plot(run_2016, "accounts", lang)

# %%
changzhou.beside_table(run_2016, lang)

# %% [markdown]
# One set of parameters serves both quarters. They were fitted roughly to these same counts, so a total inside its band shows
# that the model can tell this story, not that the story is true.

# %%
changzhou.verdict((run_2015, run_2016), lang)

# %% [markdown]
# ## One practice at a time
#
# The people of 2015 live through their quarter again, with one practice of 2016 each, then with all four. Pay is unchanged.

# %%
practices = before.compare(changzhou.one_at_a_time(before.policy, after.policy))
sim.plot(practices, "differences", lang)

# %% [markdown]
# Beside all four together, and the leads, the others can hardly be seen. Here they are alone, on scales of their own.

# %%
sim.plot(changzhou.without(practices, "leads", "all"), "differences", lang)

# %%
differences_table(practices, lang, ("accounts", "effort", "skill", "norm"))

# %% [markdown]
# If practices worked each by itself, their single effects would add up to the effect of all four. What is missing or left over
# belongs to none of them alone: it depends on what else has changed, and on the order in which one asks.

# %%
changzhou.adding_up_table(practices, lang)

# %% [markdown]
# ## Practices or people?
#
# The other change was of people. The pairs of 2015 cannot be kept when half of their members are gone, so here as many pairs
# are made by rule, the best with the newest.

# %%
steps = [
    ("before", run_2015),
    ("practices", before.simulate(practices.runs[-1].policy)),
    ("people", after.simulate(changzhou.with_pairs_by_rule(before.policy, count=2))),
    ("after", run_2016),
]
changzhou.from_one_to_other(steps, lang)

# %% [markdown]
# ## What the case cannot say
#
# - Four practices and four of seven people changed together, in one branch, once. Any share of the change given to one of
#   them comes from the model's assumptions as much as from the counts.
# - Only E was counted alone in both quarters. A and C are known as a sum.
# - The market may have been better in 2016. First place in the city that quarter is the only, weak, sign that it was not
#   just that.
# - Nobody's pay is on record. That it did not change is assumed, not known.
# - Other branches did not try this. A practice that worked here may need what only this branch had.
#
# The values the model stands on:

# %%
assumptions_table(before.scenario, lang)

# %% [markdown]
# ## Results for programs

# %%
problems = [text for result in (run_2015, run_2016, practices) for text in broken(result)]
assert not problems, problems
write_results(
    {
        "provenance": {"2015": run_2015.provenance, "2016": run_2016.provenance},
        "beside": {"2015": changzhou.beside(run_2015), "2016": changzhou.beside(run_2016)},
        "accounts_by_practice": changzhou.adding_up(practices),
        "practices": practices.table,
    },
    results,
)
