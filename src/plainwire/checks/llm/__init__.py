"""Checks of language models, their tools and their stores."""
