"""One thin adapter per device kind and vendor stack; they know events and nothing else."""
