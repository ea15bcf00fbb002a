"""A deterministic simulator over the real session, stores, desk and hub: `python -m tests.sim`."""
