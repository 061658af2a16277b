"""What management chooses: pay plans and practices, as data."""

from sim.policy.loading import list_policies, load_policy, make_policy
from sim.policy.schema import (
    CHANNELS,
    Element,
    FixedSchedule,
    Leads,
    LinearSchedule,
    MentorPairing,
    Norm,
    Policy,
    Practices,
    Reporting,
    Step,
    StepSchedule,
    Target,
    Tier,
    TierSchedule,
)

__all__ = [
    "CHANNELS",
    "Element",
    "FixedSchedule",
    "Leads",
    "LinearSchedule",
    "MentorPairing",
    "Norm",
    "Policy",
    "Practices",
    "Reporting",
    "Step",
    "StepSchedule",
    "Target",
    "Tier",
    "TierSchedule",
    "list_policies",
    "load_policy",
    "make_policy",
]
