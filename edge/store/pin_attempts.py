"""Attempts at a PIN, dated by a boot's monotonic clock, written before the PIN is looked at."""

from peewee import Expression

from edge.store.tables import PinAttempt
from edge.store.transaction import WriteTransaction


def note(transaction: WriteTransaction, account: int, terminal: int, keep_ms: int) -> None:
    """Write an attempt down, and drop those that are older than `keep_ms`."""
    clock = transaction.own.clock
    now_ms = clock.monotonic_ms()
    here = PinAttempt.boot == clock.boot_id
    old = (here & (PinAttempt.at_ms <= now_ms - keep_ms)) | (~here & (now_ms >= keep_ms))
    PinAttempt.delete().where(old).execute(transaction.database)
    attempt = PinAttempt.insert(
        account=account, terminal=terminal, boot=clock.boot_id, at_ms=now_ms
    )
    attempt.execute(transaction.database)


def of_account_ms(transaction: WriteTransaction, account: int) -> list[int]:
    """How long ago, at least, each kept attempt at an account's PIN was."""
    return _ages_ms(transaction, PinAttempt.account == account)


def at_terminal_ms(transaction: WriteTransaction, terminal: int) -> list[int]:
    """How long ago, at least, each kept attempt at a terminal was."""
    return _ages_ms(transaction, PinAttempt.terminal == terminal)


def forgive(transaction: WriteTransaction, account: int) -> None:
    """Forget the attempts at an account's PIN: the right one came."""
    PinAttempt.delete().where(PinAttempt.account == account).execute(transaction.database)


def _ages_ms(transaction: WriteTransaction, wanted: Expression) -> list[int]:
    clock = transaction.own.clock
    now_ms = clock.monotonic_ms()
    rows = PinAttempt.select(PinAttempt.boot, PinAttempt.at_ms).where(wanted).tuples()
    return [
        now_ms - at_ms if bytes(boot) == clock.boot_id else now_ms
        for boot, at_ms in rows.execute(transaction.database)
    ]
