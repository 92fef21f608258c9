"""Flaws of the layer: client."""
