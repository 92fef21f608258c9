"""Checks of whether operations are kept from those who may not call them."""
