"""Experiments: replications of one policy, and paired comparisons of several."""
