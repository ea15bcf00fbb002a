"""Slips for hours without the box: printing books of them, entering what was written on them."""

from collections.abc import Iterator
from typing import Any

from edge.desk import facts
from edge.desk.answers import Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.numbers import next_paper_slip_number, paper_number
from edge.desk.payments import Payments, Tendered
from edge.desk.pricing import earned_today, terms_of
from edge.desk.purses import top_up_rule_of
from edge.desk.settings import DeskSettings
from edge.desk.top_ups import TopUpsDesk
from edge.desk.view_types import PaperSlipView
from edge.domain.amounts import check_quantity
from edge.domain.business_day import business_day
from edge.domain.decision import Here, Judgement, read_int, read_text
from edge.domain.members import member_refusal
from edge.domain.paper_codes import paper_code
from edge.domain.paper_slips import (
    BOOK_MAX,
    FORMS,
    OPEN,
    SPEND_FORM,
    Entry,
    PaperSlip,
    entered,
    entry_refusal,
    moment_of,
    print_book,
    slip_key,
    spoil,
)
from edge.domain.refusals import Refusal, refuse
from edge.domain.sales import Fee, sell_fee
from edge.domain.tickets import Ticket
from edge.effects.page_events import Region
from edge.store.facts import Document
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction
from sync_protocol.kinds import MEMBER, PAPER_SLIP
from sync_protocol.ledger import REASON_SPEND
from sync_protocol.registers import RegisterRow

SLIPS_LOOKED_AT = 10_000
"""Slips of this cafe, entered ones too."""


class PaperSlipsDesk:
    """The commands about slips by hand."""

    def __init__(
        self,
        settings: DeskSettings,
        committer: Committer,
        payments: Payments,
        top_ups: TopUpsDesk,
    ) -> None:
        self._settings = settings
        self._committer = committer
        self._payments = payments
        self._top_ups = top_ups

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {
            "print_paper_slips": self.print,
            "enter_paper_slip": self.enter,
            "spoil_paper_slip": self.spoil,
        }

    async def print(self, request: Request, count: object) -> Outcome:
        """Print a book of slips, numbered and with their codes."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            many = check_quantity(count)
            if isinstance(many, Refusal) or many > BOOK_MAX:
                return refuse("quantity_invalid", limit=BOOK_MAX)
            slips = []
            for _ in range(many):
                number = next_paper_slip_number(transaction)
                slips.append(self._slip(transaction, at, number, at.business_day))
            already_open = sum(1 for _ in open_slips(transaction))
            return print_book(at, slips, request.staff, already_open)

        return await self._committer.commit(request, decide)

    async def enter(
        self,
        request: Request,
        number: object,
        code: str,
        form: str,
        member: int,
        amount_fen: int,
        happened_at: str,
        note: str,
        **paying: Any,
    ) -> Outcome:
        """Enter what was written on a slip: a top-up, or something bought."""
        if form not in FORMS:
            return refuse("field_invalid", field="form")
        tendered = await self._payments.tendered(member if form == SPEND_FORM else 0, **paying)
        if isinstance(tendered, Refusal):
            return tendered

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            slip = self._kept(transaction, at, number)
            happened_ms = moment_of(happened_at, at.utc_offset_min)
            if isinstance(slip, Refusal):
                return slip
            if isinstance(happened_ms, Refusal):
                return happened_ms
            refusal = entry_refusal(at, slip, code, happened_ms)
            if refusal is not None:
                return refusal
            person = facts.person_of(transaction, member)
            words = f"{slip.paper} {note}".strip()
            does = self._spend if form == SPEND_FORM else self._top_up
            made = does(transaction, at, request, (person, amount_fen, words), tendered)
            if isinstance(made, Refusal):
                return made
            document = made.values["sale" if form == SPEND_FORM else "top_up"]
            happened = Entry(
                form, person, amount_fen, happened_ms, request.staff, int(str(document))
            )
            return entered(at, slip, happened, made)

        return await self._committer.commit(request, decide, Region.TAP)

    async def spoil(self, request: Request, number: object, code: str, note: str) -> Outcome:
        """Take a slip that was torn or lost off the list of open ones."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            slip = self._kept(transaction, at, number)
            if isinstance(slip, Refusal):
                return slip
            return spoil(at, slip, code, note, request.staff)

        return await self._committer.commit(request, decide)

    def _top_up(
        self,
        transaction: WriteTransaction,
        at: Here,
        request: Request,
        wished: tuple[int, int, str],
        tendered: Tendered,
    ) -> Judgement:
        member, amount_fen, note = wished
        rule = top_up_rule_of(transaction, self._committer.catalogue)
        asked = (member, amount_fen, None, note)
        return self._top_ups.decided(transaction, at, request, asked, tendered, rule)

    def _spend(
        self,
        transaction: WriteTransaction,
        at: Here,
        request: Request,
        wished: tuple[int, int, str],
        tendered: Tendered,
    ) -> Judgement:
        member, amount_fen, note = wished
        row = facts.row(transaction, MEMBER, member) if member else None
        sale = transaction.new_id()
        refusal = member_refusal(row) if member else None
        refusal = refusal or self._payments.note(transaction, request, tendered, sale)
        if refusal is not None:
            return refusal
        catalogue = self._committer.catalogue
        payment = self._payments.payment(
            transaction, at, request, member, tendered, sale, amount_fen
        )
        name = read_text(MEMBER, row, "name")
        return sell_fee(
            self._committer.asked.here_for(transaction, at, member),
            Ticket((), member, name, terms=terms_of(transaction, catalogue, at, member)),
            payment,
            catalogue.rule(transaction),
            Fee("", (f"手工单 {note}", f"Slip by hand {note}"), amount_fen, REASON_SPEND),
            earned_today(transaction, catalogue, at, member),
        )

    def _kept(self, reader: Reader, at: Here, number: object) -> PaperSlip | Refusal:
        """The slip of a typed number: the counter alone, or the whole of what the paper says."""
        text = str(number).strip().rpartition("-")[2]
        counter = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0
        row = facts.row(reader, PAPER_SLIP, slip_key(at.cafe, counter))
        if row is None:
            return refuse("paper_slip_unknown", number=str(number)[:40])
        day = printed_day(self._settings, row)
        slip = self._slip(reader, at, counter, day)
        return PaperSlip(slip.key, counter, slip.paper, slip.code, row)

    def _slip(self, reader: Reader, at: Here, number: int, day: int) -> PaperSlip:
        paper = paper_number(reader, day, number)
        code = paper_code(self._settings.chain_key, "slip", at.cafe, number)
        return PaperSlip(slip_key(at.cafe, number), number, paper, code)


def printed_day(settings: DeskSettings, row: RegisterRow) -> int:
    """The business day on which a slip was printed, which its number names."""
    printed_ms = read_int(PAPER_SLIP, row, "printed_ms")
    return business_day(printed_ms, settings.utc_offset_min, settings.cut_over_hour)


def open_slips(reader: Reader) -> Iterator[Document]:
    """The slips of this cafe that are out and not entered, in order of their numbers."""
    for document in reader.registers(PAPER_SLIP, limit=SLIPS_LOOKED_AT):
        if read_text(PAPER_SLIP, document.shown, "status") == OPEN:
            yield document


def open_slip_views(reader: Reader, settings: DeskSettings) -> tuple[PaperSlipView, ...]:
    """The list of open numbers; codes are on the papers alone."""
    return tuple(
        PaperSlipView(
            paper_number(
                reader,
                printed_day(settings, document.shown),
                read_int(PAPER_SLIP, document.shown, "number"),
            ),
            read_int(PAPER_SLIP, document.shown, "number"),
            read_int(PAPER_SLIP, document.shown, "printed_ms"),
            facts.staff_name(reader, read_int(PAPER_SLIP, document.shown, "printed_by")),
        )
        for document in open_slips(reader)
    )
