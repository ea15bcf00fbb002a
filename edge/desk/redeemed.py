"""What is known here of a redemption that is to be returned, or exchanged for another one."""

from dataclasses import replace

from edge.desk import facts
from edge.domain.decision import Here, Posting, read_int
from edge.domain.parts import Part
from edge.domain.redemptions import (
    POINTS_TENDER,
    Account,
    Redeemed,
    RedeemFacts,
    account_of,
)
from edge.store.reader import Reader
from sync_protocol.accounts import POINTS, POINTS_HELD, REFUNDABLE, class_of
from sync_protocol.kinds import SALE
from sync_protocol.ledger import REASON_REDEMPTION, transaction_from_body


def redeemed_facts(reader: Reader, at: Here, sale: int) -> Redeemed | None:
    """What is known here of a redemption, None for what is none."""
    row = facts.row(reader, SALE, sale)
    document = reader.register(SALE, sale)
    tenders = document.value("tenders") if document is not None else None
    if not isinstance(tenders, list) or not tenders or tenders[0][0] != POINTS_TENDER:
        return None
    member = facts.person_of(reader, read_int(SALE, row, "member"))
    postings: tuple[Posting, ...] = ()
    reference = None
    for entry in reader.entries(sale, (REFUNDABLE,), POINTS):
        logged = reader.op(entry.reference)
        if entry.reason == REASON_REDEMPTION and logged is not None:
            postings = tuple(transaction_from_body(logged.op.body).postings)
            reference = entry.reference.row()
    held: dict[Account, int] = {}
    whole: dict[Account, int] = {}
    for posting in postings:
        account, row_of_class = account_of(posting), class_of(posting[0])
        if not row_of_class.limited or account in whole:
            continue
        whole[account] = 0
        for found, balance in reader.balances_of(posting[0], posting[1], posting[5]):
            if found[4] != posting[4]:
                continue
            amount = balance.shown * row_of_class.side
            whole[account] += amount
            if found[2:4] == (at.node, at.epoch):
                held[account] = amount
    return Redeemed(
        sale,
        read_int(SALE, row, "number"),
        member,
        facts.member_name(reader, member),
        read_int(SALE, row, "points_used"),
        postings,
        held,
        whole,
        reference,
    )


def with_points_of(wanted: RedeemFacts, redeemed: Redeemed) -> RedeemFacts:
    """The facts of an exchange: the points that just came back may be spent at once."""
    back = [
        Part(posting[0], posting[1], posting[4], POINTS, posting[6])
        for posting in redeemed.postings
        if posting[0] == POINTS_HELD
    ]
    merged: dict[tuple[object, ...], Part] = {}
    for part in (*wanted.points_here, *back):
        key = (part.code, part.subject, part.month)
        amount = part.amount + (merged[key].amount if key in merged else 0)
        merged[key] = replace(part, amount=amount)
    return replace(wanted, points_here=tuple(merged.values()), has=wanted.has + redeemed.points)
