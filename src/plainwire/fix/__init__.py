"""Patches: chosen, shown, applied, and proved by running the stack they change."""
