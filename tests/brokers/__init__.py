"""Private brokers for tests, benchmarks and the smoke run, and what the product does on each."""
