"""What each person draws on every day: the part of the keys that all days share is worked out once, and kept in `State.lanes`."""

from __future__ import annotations

import numpy as np

from sim.compiled import rule
from sim.engine.state import CHANNEL_COUNT, State
from sim.engine.streams import ASSIGNED_LEAD, CONTACTS, CONVERSION, PARTNER_LEAD, PROBLEM, REFERRER, TREMBLE, lane

# Three purposes on each channel, then five more: purposes by place, and the places.
DAILY = (*(purpose + 100 * (k + 1) for purpose in (CONTACTS, CONVERSION, PROBLEM) for k in range(CHANNEL_COUNT)),
         CONTACTS, REFERRER, PARTNER_LEAD, ASSIGNED_LEAD, TREMBLE)
ON_CONTACTS, ON_CONVERSION, ON_PROBLEM = 0, CHANNEL_COUNT, 2 * CHANNEL_COUNT
ON_SERVICE, ON_REFERRER, ON_PARTNER_LEAD, ON_ASSIGNED_LEAD, ON_TREMBLE = range(3 * CHANNEL_COUNT, len(DAILY))


@rule
def keep_lanes(s: State, seed: np.uint64, i: int) -> None:
    """For whoever has taken seat i."""
    for place in range(len(DAILY)):
        s.lanes[i, place] = lane(seed, DAILY[place], s.people[i].seat)
