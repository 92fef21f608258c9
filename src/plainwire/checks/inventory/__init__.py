"""Checks of what is there beside what should be."""
