"""Why this box must not lower any right: codes that pages, `cafebox doctor` and metrics share.

Three things stop a box from spending, each kept in its store: an own ledger op that came back void
or diverted, a fence of its epoch, and a machine that is not the one the epoch was given to. Ops
are written and sent on in any case: nothing that the counter does is lost.
"""

from typing import NamedTuple

SETTING_STOP = "store.stop_spending"
"""A code, such as `own_op_not_applied`."""
SETTING_FENCE = "store.fence"
"""[epoch, reason, seq]."""
SETTING_HARDWARE = "store.hardware"
"""[epoch, id]: the machine that the store's epoch is bound to."""
SETTING_MOVED = "store.moved_epoch"
"""The epoch that was last opened on another machine."""

OWN_OP_NOT_APPLIED = "own_op_not_applied"
OTHER_HARDWARE = "other_hardware"
FENCED_PREFIX = "fenced_"

FINAL_FENCES = ("rewind", "fork")
"""Found in the chains: they end the epoch. The hub may take the others back."""


class Fence(NamedTuple):
    """The hub takes no more ops of `epoch`, for a name of `greetings.FENCED_REASONS`."""

    epoch: int
    reason: str
    seq: int
