"""The box's SQLite store: op log, projections, migrations and the one writer."""
