"""Flaws of the layer: app."""
