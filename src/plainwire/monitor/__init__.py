"""The monitor: when to look at a target, what changed, whom to tell. docs/monitoring.md.

It calls `scan` and `probe` and adds nothing to them. What is decided (`expiry`, `drift`,
`judging`, `windows`) are pure functions of values; only `store/` knows SQL, only `channels/`
send. SQLAlchemy, Alembic and pg8000 come with the extra ``monitor`` and are imported by
`store/` alone.
"""
