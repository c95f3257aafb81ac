"""Tuning of the trunk on a GPU; no bundled model comes from it yet."""
