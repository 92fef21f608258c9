"""Checks of what answers give away."""
