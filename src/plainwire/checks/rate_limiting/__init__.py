"""Checks of what may be asked without end."""
