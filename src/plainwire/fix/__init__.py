"""Remedies for the findings of an audit: proposed, tried in memory, shown, applied and audited."""
