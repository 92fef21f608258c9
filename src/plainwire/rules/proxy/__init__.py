"""Flaws of the layer: proxy."""
