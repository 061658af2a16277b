"""What people touch: the notebooks, the explorer, and the folders that commands write."""
