"""Checks of what is trusted of others."""
