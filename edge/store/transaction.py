"""One unit of work on the writer thread: append ops, keep answers and print jobs, all or none."""

from edge.store.reader import Reader
from sync_protocol.ops import Op


class WriteTransaction(Reader):
    """A `Reader` that writes. Only the work it was handed to may use it, and only until it ends."""

    def append(
        self, kind: int, body: list[object], *, actor: int = 0, terminal: int = 0, shift: int = 0
    ) -> Op:
        """Append an own op and apply it as pending.

        Seq, stamp, segment, trust, cursor and hash are given here. Raises `ProtocolError` for a
        body that is not of its kind, `ValueError` for one that the hub would void on sight and
        `OverdrawnError` for a posting that takes a limited account below zero: each is a rule that
        the caller should have checked, and nothing of the work is kept.
        """
        raise NotImplementedError

    def new_id(self) -> int:
        """Return a fresh random id of 52 bits for a member, card, visit, sale or transfer."""
        raise NotImplementedError

    def new_salt(self, kind: int) -> bytes:
        """Return the salt of a body of `kind`: 16 random bytes where it is personal, else none."""
        raise NotImplementedError

    def wall_ms(self) -> int:
        """Return the wall clock's milliseconds since 1970."""
        raise NotImplementedError

    def remember_answer(self, request_id: str, answer: bytes, subject: int = 0) -> None:
        """Keep the answer to a request id; a repeat of the request gets these bytes.

        Raises `ValueError` if the id has one. `subject`: the member whose data it holds, if any,
        so that erasing the member empties it.
        """
        raise NotImplementedError

    def add_print_job(self, kind: str, document: bytes, subject: int = 0) -> int:
        """Queue a document and return the job's id; `subject` as in `remember_answer`."""
        raise NotImplementedError

    def set_print_job(self, job_id: int, state: str, copies: int, error: str = "") -> None:
        """Note a job's new state, how many copies came out, and the printer's trouble if any."""
        raise NotImplementedError

    def set_setting(self, name: str, value: object) -> None:
        """Keep a plain value under a name; None removes it."""
        raise NotImplementedError

    def set_lockout(self, staff: int, failures: int, locked_until_ms: int) -> None:
        """Keep a person's failed log-ins; 0 failures forgets them."""
        raise NotImplementedError

    def resume_spending(self) -> None:
        """Take back the flag of `stop_spending`, after a person has looked at the case."""
        raise NotImplementedError
