"""The same work done another way: in plain Mesa objects, in C, in a data frame. What the speed of the engine is measured against."""
