"""A seeded campaign of mutated frames against everything that reads a peer's bytes."""
