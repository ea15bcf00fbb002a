"""The hub's store: the chain's log, projections and evidence, on SQLite or PostgreSQL."""
