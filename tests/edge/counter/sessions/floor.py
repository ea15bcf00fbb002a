"""A cafe with seats: guests with documents, a floor that is set up, time that passes."""

import re

from edge.domain.members import normal_identity
from edge.domain.refusals import Refusal
from sync_protocol.accounts import FEN, PREPAID, REVENUE, TILL
from sync_protocol.kinds import SEAT, SESSION
from tests.edge.counter.benefits.conftest import Shop
from tests.edge.desk.counter import CAFE, CASHIER, MANAGER

ADULT = "11010519491231002X"


def identity_number(birth_date: int, order: int = 1) -> str:
    """A valid number of an identity card for a birth date."""
    body = f"110105{birth_date}{order:03d}"
    for check in "0123456789X":
        if not isinstance(normal_identity(body + check), Refusal):
            return body + check
    raise ValueError(birth_date)


def papers(number: str = ADULT, name: str = "张三") -> dict[str, object]:
    """The inputs of a document."""
    return {"name": name, "document_kind": "id_card", "document_number": number}


class Floor(Shop):
    """A counter whose seats are A01 to A06 in the hall and B01, B02 in the private room."""

    seats: dict[str, int]

    async def set_up(self) -> None:
        await self.log_in(MANAGER)
        row = {"row": 1, "column": 1, "per_row": 3}
        hall = await self.done("set_up_seats", prefix="A", first=1, last=6, zone="hall", **row)
        row = {"row": 3, "column": 1, "per_row": 2}
        vip = await self.done("set_up_seats", prefix="B", first=1, last=2, zone="vip", **row)
        ids = [*hall["seats"], *vip["seats"]]  # type: ignore[misc]  # lists of ids
        names = [f"A{number:02d}" for number in range(1, 7)] + ["B01", "B02"]
        self.seats = dict(zip(names, ids, strict=True))
        await self.log_in(CASHIER)

    async def guest(self, name: str = "王小明", number: str = ADULT, **more: object) -> int:
        """Register a member whose document is on file."""
        values = {"identity": number, "identity_kind": "id_card", "birth_date": int(number[6:14])}
        return await self.member(name, **{**values, **more})

    async def start(self, seat: str, **inputs: object) -> int:
        """Seat a guest and return the session."""
        started = await self.done("start_session", seat=self.seats[seat], **inputs)
        return int(str(started["session"]))

    async def end(self, session: int, due_fen: int = 0, **paying: object) -> dict[str, object]:
        """End a session of which so much is due."""
        if due_fen:
            paying.setdefault("tender", "cash")
        return await self.done("end_session", session=session, expected_total_fen=due_fen, **paying)

    def minutes(self, count: float) -> None:
        """Let minutes pass."""
        self.counter.clock.forward(count * 60)

    def document(self, session: int) -> dict[str, object]:
        """What a session's document says."""
        with self.counter.store.read() as reader:
            found = reader.register(SESSION, session)
            assert found is not None
            names = ("status", "minutes", "charged_fen", "member", "seat", "ends_ms", "clock_note")
            return {name: found.value(name) for name in names}

    def seat_status(self, seat: str) -> object:
        with self.counter.store.read() as reader:
            found = reader.register(SEAT, self.seats[seat])
            return found.value("status") if found is not None else None

    def prepaid_fen(self, session: int) -> int:
        return self.held(PREPAID, session, FEN)

    def till_fen(self) -> int:
        return self.counter.shown((TILL, CAFE, 0, 0, 0, FEN))

    def revenue_fen(self) -> int:
        return -self.counter.shown((REVENUE, CAFE, 0, 0, 0, FEN))

    async def map_state(self, seat: str) -> str:
        """How the page draws a seat."""
        page = await self.get("/")
        found = re.search(rf'data-seat="{self.seats[seat]}" data-state="(\w+)"', page)
        assert found is not None, seat
        return found[1]

    async def printed(self) -> str:
        """The last slip, as text."""
        jobs = await self.counter.desk.views.print_jobs(1)
        await self.counter.printer.wait_for(jobs[0].print_job)
        receipt, _copy = self.counter.printer.printed[-1]
        return "\n".join(str(line) for line in receipt.lines)
