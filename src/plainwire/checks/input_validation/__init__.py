"""Checks of what is believed of a request."""
