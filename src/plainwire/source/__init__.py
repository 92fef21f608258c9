"""Reads a project's files. Nothing else in plainwire does; nothing of a project is executed."""
