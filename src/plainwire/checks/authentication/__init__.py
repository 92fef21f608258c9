"""Checks of whether and how a caller has to prove who it is."""
