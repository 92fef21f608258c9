"""Flaws of the layer: crypto."""
