"""Asks a TLS listener by hellos of our own bytes: what it takes, in which order, what it shows."""
