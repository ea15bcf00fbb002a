"""What a cashier is told when the store could not do a command."""

from edge.domain.refusals import Refusal, refuse
from edge.store.errors import (
    StoreBusyError,
    StoreFullError,
    StoreStoppedError,
    StoreUncertainError,
)

StoreFault = StoreBusyError | StoreFullError | StoreStoppedError
"""What can go wrong while the box runs; any other error of the store is a fault of our own."""

STORE_FAULTS = (StoreBusyError, StoreFullError, StoreStoppedError)


def refusal_of(fault: StoreFault) -> Refusal:
    """The refusal for a fault of the store. Only `outcome_unknown` leaves open what was done."""
    if isinstance(fault, StoreUncertainError):
        return refuse("outcome_unknown")
    if isinstance(fault, StoreBusyError):
        return refuse("box_busy")
    if isinstance(fault, StoreFullError):
        return refuse("disk_full")
    return refuse("disk_refused")
