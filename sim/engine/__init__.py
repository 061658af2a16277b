"""State, streams, the order of a day, and replications."""
