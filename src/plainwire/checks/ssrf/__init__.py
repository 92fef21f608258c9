"""Checks of what the server may be made to ask."""
