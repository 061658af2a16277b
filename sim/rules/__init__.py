"""Behaviour: pure scalar functions, one file per chapter of ``docs/model.md``. No state, no input or output."""
