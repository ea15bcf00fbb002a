"""The commands of the counter: read facts, decide, commit in one go, then effects."""
