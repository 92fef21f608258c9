"""Dated recommendations and registries as data, with their source."""
