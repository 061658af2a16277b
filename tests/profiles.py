"""How many cases hypothesis tries, and which: the same ones every time, or new ones to look for what has not been thought of."""

from __future__ import annotations

import os

from hypothesis import settings

REPEATABLE, EXPLORE = "repeatable", "explore"
PROFILE = os.environ.get("HYPOTHESIS_PROFILE") or REPEATABLE
TIMES = 10 if PROFILE == EXPLORE else 1

# No deadlines: how long a case takes hangs on the machine, and on whether the code it calls was compiled before.
settings.register_profile(REPEATABLE, derandomize=True, deadline=None)
settings.register_profile(EXPLORE, derandomize=False, deadline=None, max_examples=100 * TIMES, print_blob=True)


def examples(many: int) -> int:
    """So many cases; ten times as many under HYPOTHESIS_PROFILE=explore."""
    return TIMES * many
