"""Checks of what objects show, and of what may be written into them."""
