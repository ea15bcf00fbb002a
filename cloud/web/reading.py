"""The pages that show: today, members and their ledgers, entries, ops."""

from aiohttp import web

from cloud.domain.cases import OPEN
from cloud.domain.rights import sees
from cloud.hub.cases import cases_of
from cloud.store.database import Database
from cloud.store.reports import is_member_of
from cloud.web import documents, ledgers, today
from cloud.web.head_office import PERSON, Pages, one_line
from cloud.web.translations import chosen_language
from sync_protocol.accounts import CLASSES
from sync_protocol.expect import ID_MAX


def number_of(text: str, high: int) -> int | None:
    """A decimal number of an address, None where it is none or too large."""
    if not text.isascii() or not text.isdecimal() or len(text) > 20:
        return None
    return int(text) if int(text) <= high else None


async def home(request: web.Request) -> web.Response:
    """Four questions at a glance, takings per cafe, the fortnight, the boxes."""
    pages = request.app[Pages.KEY]
    hub = pages.office.hub
    business_day, _offset = hub.surroundings.business_day()
    now_ms = hub.surroundings.now_ms()
    person, lines = request[PERSON], hub.lines()
    authors = [author for author in hub.authors() if person.sees(author.cafe)]

    def read(database: Database) -> dict[str, object]:
        cafes = [cafe for cafe in documents.cafes(database) if person.sees(cafe.cafe)]
        closed = documents.closed_cafes(database)
        in_use = [author for author in authors if author.cafe not in closed]
        takings = [
            row
            for row in today.cafe_takings(database, business_day, now_ms, cafes, in_use)
            if row.cafe not in closed or row.takings_fen or row.sales_fen
        ]
        fortnight = today.days(database, business_day, person.cafes)
        boxes = today.boxes(in_use, lines, today.node_names(database), now_ms)
        due = [row for row in takings if row.has_box]
        reported = [row.complete_ms for row in due if row.complete_ms]
        return {
            "business_day": business_day,
            "takings": takings,
            "takings_fen": sum(row.takings_fen for row in takings),
            "complete_ms": min(reported, default=0),
            "is_late": any(row.is_late for row in due),
            "silent": len(due) - len(reported),
            "change_fen": fortnight[-1].takings_fen - fortnight[-2].takings_fen,
            "days": fortnight,
            "boxes": boxes,
            "unwell": [box for box in boxes if not box.is_well],
            "open_cases": sum(
                case.status == OPEN for case in cases_of(database, hub.authors(), person.cafes)
            ),
        }

    return pages.respond(request, "home.html", await pages.read(read))


async def members(request: web.Request) -> web.Response:
    """Find a member."""
    pages = request.app[Pages.KEY]
    text = one_line(request.query.get("text", "")[:60])

    def read(database: Database) -> dict[str, object]:
        return {
            "text": text,
            "members": ledgers.find_members(database, text, request[PERSON].cafes),
            "members_shown": ledgers.MEMBERS_SHOWN,
            "cafe_names": cafe_names(database, chosen_language(request.cookies)),
        }

    return pages.respond(request, "members.html", await pages.read(read))


async def member(request: web.Request) -> web.Response:
    """A member's totals, each opening its entries."""
    return await show_member(request)


async def show_member(request: web.Request, outcome: object = None) -> web.Response:
    """The member of the address, with the outcome of a change to it."""
    pages = request.app[Pages.KEY]
    key = number_of(request.match_info["member"], ID_MAX)
    code = number_of(request.query.get("class", ""), 0xFFFF)
    own, authors = request[PERSON].cafes, pages.office.hub.authors()

    def read(database: Database) -> dict[str, object] | None:
        found = ledgers.member(database, key) if key is not None else None
        if found is None or key is None or (own and not is_member_of(database, key, own)):
            return None
        others = {author.node for author in authors if not sees(own, author.cafe)}
        names = today.node_names(database)
        named = {node: name for node, name in names.items() if node not in others}
        return {
            "member": found,
            "tier": documents.tier_names(database).get(found.tier),
            "totals": ledgers.totals(database, key, named),
            "entries": ledgers.entries_of_member(database, key, code, own),
            "entries_shown": ledgers.ENTRIES_SHOWN,
            "chosen_class": code,
            "cafe_names": cafe_names(database, chosen_language(request.cookies)),
        }

    facts = await pages.read(read)
    if facts is None:
        raise web.HTTPNotFound
    return pages.respond(request, "member.html", facts, outcome)  # type: ignore[arg-type]  # read returns a dict or None


async def entries(request: web.Request) -> web.Response:
    """The entries behind one total: an account class, a business day, a cafe."""
    pages = request.app[Pages.KEY]
    query = request.query
    cafe = number_of(query.get("cafe", ""), 0xFFFFFF)
    business_day = number_of(query.get("day", ""), 99991231)
    code = number_of(query.get("class", ""), 0xFFFF)
    if cafe is None or business_day is None or code not in CLASSES:
        raise web.HTTPNotFound
    if not request[PERSON].sees(cafe):
        raise web.HTTPNotFound

    def read(database: Database) -> dict[str, object]:
        found = ledgers.entries_of_day(database, business_day, cafe, code)
        return {
            "cafe": cafe,
            "business_day": business_day,
            "account_name": CLASSES[code].name,
            "entries": found,
            "total": sum(entry.amount for entry in found),
            "cafe_names": cafe_names(database, chosen_language(request.cookies)),
        }

    return pages.respond(request, "entries.html", await pages.read(read))


async def op(request: web.Request) -> web.Response:
    """One op as evidence."""
    pages = request.app[Pages.KEY]
    position = number_of(request.match_info["position"], 1 << 48)
    person = request[PERSON]

    def read(database: Database) -> dict[str, object] | None:
        found = ledgers.op_at(database, position) if position else None
        if found is None or not person.sees(found.cafe):
            return None
        names = cafe_names(database, chosen_language(request.cookies))
        return {"op": found, "cafe_names": names}

    facts = await pages.read(read)
    if facts is None:
        raise web.HTTPNotFound
    return pages.respond(request, "op.html", facts)


def cafe_names(database: Database, language: str) -> dict[int, str]:
    """Each cafe's name by its number, in English where it has one and the page is."""
    return {cafe.cafe: cafe.named(language) for cafe in documents.cafes(database)}
