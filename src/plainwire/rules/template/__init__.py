"""Flaws of the layer: template."""
