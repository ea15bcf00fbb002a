"""Word from head office: the conflict cases that concern this cafe, open and freshly settled."""

from collections.abc import Iterator
from datetime import timedelta

from edge.desk import facts
from edge.desk.view_types import CaseView
from edge.domain.business_day import date_of
from edge.domain.cases import KEEP_A, KEEP_B, LOST_CLAIM, CaseFacts, Name, concerns, word
from edge.domain.decision import Here, read_int, read_list, read_text
from edge.domain.refusals import CHINESE
from edge.store.facts import Document
from edge.store.reader import Reader
from sync_protocol.accounts import ASSET_SOURCE, ASSET_UNIT
from sync_protocol.claims import member_of_opening
from sync_protocol.kinds import (
    ASSET_CLAIM,
    CARD,
    CARD_CLAIM,
    CASE,
    CLAIM,
    KINDS,
    MEMBER,
    NODE,
    OPENING_CLAIM,
    REGISTER,
)
from sync_protocol.ops import OpRef, ref_from_row

OPEN_READ = 500
SHOWN_MAX = 20
FRESH_DAYS = 7
"""A settled case is told for so long: a box may be without a line for a week."""
ERASED: Name = ("已清除的会员", "an erased member")
UNNAMED: Name = ("这条记录", "this record")


def case_words(reader: Reader, at: Here) -> tuple[CaseView, ...]:
    """What head office has to say here: what is to be undone, then open cases, then the newest."""
    found = [
        view for document in _told(reader, at) if (view := _view(reader, at, document)) is not None
    ]
    found.sort(key=lambda view: (not view.cancel_tag, not view.is_open, -view.opened_ms))
    # A merge settles several cases in the same words: they are said once.
    said = {(view.what.words(CHINESE), view.note): view for view in reversed(found)}
    return tuple(view for view in found if view in said.values())[:SHOWN_MAX]


def _told(reader: Reader, at: Here) -> Iterator[Document]:
    """Yield open cases and those settled lately; head office's day may be one ahead."""
    yield from reader.registers_where(CASE, "status", "open", limit=OPEN_READ)
    today = date_of(at.business_day)
    if today is None:
        return
    for back in range(-1, FRESH_DAYS):
        day = today - timedelta(days=back)
        number = day.year * 10000 + day.month * 100 + day.day
        yield from reader.registers_where(CASE, "settled_day", number)


def _view(reader: Reader, at: Here, document: Document) -> CaseView | None:
    row = document.shown
    later = ref_from_row(document.value("op"))
    against = document.value("against")
    earlier = [] if against is None else [ref_from_row(against)]
    earlier += [
        ref_from_row(field[2])
        for field in read_list(CASE, row, "fields")
        if isinstance(field, list) and len(field) == 3 and field[2]
    ]
    later_cafe, earlier_cafes = _cafe(reader, later), tuple(_cafe(reader, ref) for ref in earlier)
    if not concerns(at.cafe, later_cafe, earlier_cafes):
        return None
    is_later = later_cafe == at.cafe
    other_cafe = earlier_cafes[0] if is_later and earlier_cafes else later_cafe
    kind, type_name = read_int(CASE, row, "kind"), read_text(CASE, row, "type")
    settlement = read_text(CASE, row, "settlement")
    name, tag = _about(reader, kind, read_int(CASE, row, "subject"), [later, *earlier])
    case = CaseFacts(
        type_name, kind, is_later, name, facts.cafe_name(reader, other_cafe), settlement
    )
    said = word(case)
    undo = settlement == (KEEP_A if is_later else KEEP_B) and type_name == LOST_CLAIM
    return CaseView(
        int(document.key),
        not settlement,
        read_int(CASE, row, "opened_ms"),
        said.what,
        said.todo,
        read_text(CASE, row, "note"),
        tag if undo and tag and _received_here(reader, at, tag) else "",
    )


def _cafe(reader: Reader, reference: OpRef) -> int:
    return read_int(NODE, facts.row(reader, NODE, reference.node), "cafe")


def _about(reader: Reader, kind: int, subject: int, references: list[OpRef]) -> tuple[Name, str]:
    """Return what a case is about in words, and the tag of an asset."""
    key = _key(reader, kind, references)
    if kind == ASSET_CLAIM:
        tag = key.decode(errors="replace") if isinstance(key, bytes) else ""
        return ((tag, tag) if tag else UNNAMED), tag
    if kind in (CARD, CARD_CLAIM):
        subject = read_int(CARD, facts.row(reader, CARD, subject), "member")
    if kind == OPENING_CLAIM:
        subject = member_of_opening(key) if isinstance(key, bytes) else 0
    if subject and (KINDS[kind].personal or kind in (CARD, CARD_CLAIM, OPENING_CLAIM)):
        document = reader.register(MEMBER, subject)
        name = facts.member_name(reader, subject)
        return ((name, name) if name or document is None else ERASED), ""
    text = key if isinstance(key, str) else ""
    return ((text, text) if text else UNNAMED), ""


def _key(reader: Reader, kind: int, references: list[OpRef]) -> object:
    """Return the key that the ops of a case are about, as far as this box keeps them."""
    policy = KINDS[kind].policy if kind in KINDS else 0
    for reference in references:
        logged = reader.op(reference)
        if logged is not None and isinstance(logged.op.body, list):
            return logged.op.body[1] if policy in (CLAIM, REGISTER) else None
    return None


def _received_here(reader: Reader, at: Here, tag: str) -> bool:
    return facts.held_here(reader, at, ASSET_SOURCE, at.cafe, ASSET_UNIT + tag) != 0
