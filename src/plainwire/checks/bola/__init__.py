"""Checks of whether objects are kept from those whose they are not."""
