"""The page of cafes: names, enrolment codes, which are closed and what is left there."""

from dataclasses import dataclass

from aiohttp import web

from cloud.domain.refusals import Refusal, refusal
from cloud.domain.rights import place_fault
from cloud.hub.cafes import NAMES
from cloud.hub.registers import mark_of
from cloud.store.database import Database
from cloud.store.log import Author
from cloud.store.reports import read_document
from cloud.web import boxes, documents, today
from cloud.web.head_office import NAME_LENGTH_MAX, PERSON, Pages, form_text
from cloud.web.reading import cafe_names, number_of
from cloud.web.translations import chosen_language
from sync_protocol.kinds import SITE
from sync_protocol.ops import HUB

CAFE_MAX = 0xFFFFFF
CODE_LENGTH_MAX = 20

Outcome = Refusal | str | None


@dataclass(frozen=True, slots=True)
class Left:
    """A box at which something still stands that only it, or two people, may settle."""

    name: str
    held_fen: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A cafe with what its form showed (`seen`) and what its boxes still hold."""

    cafe: documents.Cafe
    seen: str
    left: tuple[Left, ...]


async def cafes(request: web.Request) -> web.Response:
    """Cafes and enrolment codes; a POST adds a cafe."""
    outcome: Outcome = None
    if request.method == "POST":
        form = await request.post()
        code, names = form_text(form, "code"), {name: form_text(form, name) for name in NAMES}
        outcome = _names_fault(names) if code else refusal("cafe_incomplete")
        if len(code) > CODE_LENGTH_MAX:
            outcome = refusal("value_invalid")
        if outcome is None:
            made = await request.app[Pages.KEY].office.add_cafe(
                {"code": code, **names, "open": True}, request[PERSON].id
            )
            outcome = made if isinstance(made, Refusal) else names["name"]
    return await _show(request, outcome)


async def rename(request: web.Request) -> web.Response:
    """Call a cafe by other names."""
    form = await request.post()
    names = {name: form_text(form, name) for name in NAMES}
    fault = _place_fault(request) or _names_fault(names)
    fault = fault or await request.app[Pages.KEY].office.cafes.rename(
        _number(request), names, request[PERSON].id, form_text(form, "seen")
    )
    return await _show(request, fault or names["name"])


async def close(request: web.Request) -> web.Response:
    """Close a cafe, once its code was typed."""
    pages, cafe = request.app[Pages.KEY], _number(request)
    form = await request.post()
    known = {one.cafe: one for one in await pages.read(documents.cafes)}
    fault = _place_fault(request)
    if fault is None and cafe in known and form_text(form, "confirm") != known[cafe].code:
        fault = refusal("cafe_unconfirmed")
    fault = fault or await pages.office.cafes.close(cafe, request[PERSON].id)
    return await _show(request, fault or known[cafe].name)


async def reopen(request: web.Request) -> web.Response:
    """Open a closed cafe again."""
    fault = _place_fault(request) or await request.app[Pages.KEY].office.cafes.reopen(
        _number(request), request[PERSON].id
    )
    return await _show(request, fault)


async def create_code(request: web.Request) -> web.Response:
    """Give out an enrolment code; it is shown once."""
    form = await request.post()
    cafe = _number(request)
    name = form_text(form, "name") or f"box {cafe}"
    code = _place_fault(request) or await request.app[Pages.KEY].office.create_code(
        cafe, name[:NAME_LENGTH_MAX]
    )
    return await _show(request, code if isinstance(code, Refusal) else None, code)


def _number(request: web.Request) -> int:
    return number_of(request.match_info["cafe"], CAFE_MAX) or 0


def _place_fault(request: web.Request) -> Refusal | None:
    return place_fault(request[PERSON].cafes, [_number(request)])


def _names_fault(names: dict[str, str]) -> Refusal | None:
    if not names["name"]:
        return refusal("cafe_incomplete")
    too_long = max(map(len, names.values())) > NAME_LENGTH_MAX
    return refusal("value_invalid") if too_long else None


async def _show(
    request: web.Request, outcome: Outcome, new_code: str | Refusal = ""
) -> web.Response:
    pages, person = request.app[Pages.KEY], request[PERSON]
    now_ms = pages.office.hub.surroundings.now_ms()
    authors = pages.office.hub.authors()

    def read(database: Database) -> dict[str, object]:
        codes = documents.codes(database, now_ms)
        return {
            "cafes": [one for one in _listed(database, authors) if person.sees(one.cafe.cafe)],
            "codes": [code for code in codes if person.sees(code.cafe)],
            "cafe_names": cafe_names(database, chosen_language(request.cookies)),
            "new_code": "" if isinstance(new_code, Refusal) else new_code,
        }

    return pages.respond(request, "cafes.html", await pages.read(read), outcome)


def _listed(database: Database, authors: list[Author]) -> list[Listed]:
    held, names = boxes.held(database), today.node_names(database)
    left: dict[int, list[Left]] = {}
    for author in authors:
        place = (author.node, author.epoch)
        if author.node != HUB and place in held:
            one = Left(names.get(author.node, str(author.node)), held[place])
            left.setdefault(author.cafe, []).append(one)
    return [
        Listed(
            cafe,
            mark_of(SITE, NAMES, read_document(database, SITE, cafe.cafe)),
            tuple(left.get(cafe.cafe, ())),
        )
        for cafe in documents.cafes(database)
    ]
