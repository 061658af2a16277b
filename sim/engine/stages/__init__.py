"""The stages of a day, one file each; `sim.engine.day` says in which order they run."""
