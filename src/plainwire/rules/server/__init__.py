"""Flaws of the layer: server."""
