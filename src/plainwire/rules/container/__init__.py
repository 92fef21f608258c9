"""Flaws of the layer: container."""
