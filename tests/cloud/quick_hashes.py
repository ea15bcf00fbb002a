"""Passwords and PINs hashed at the least cost, for tests of other things."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from unittest.mock import patch

from argon2 import PasswordHasher

from cloud.hub import staff

LEAST = partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)


@contextmanager
def quick_hashes() -> Iterator[None]:
    """What the hub hashes in here is checked as quickly, by the hub and by boxes."""
    with patch.object(staff, "PasswordHasher", LEAST):
        yield
