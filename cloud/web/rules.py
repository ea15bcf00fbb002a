"""The pages of rules: the list, a form made from a rule's columns, its versions, a file of all."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest

from aiohttp import web

from cloud.domain.refusals import Refusal, refusal
from cloud.domain.rule_cells import Value, cell_text
from cloud.domain.rule_file import file_of, rules_of_file
from cloud.domain.rules import (
    EDITABLE,
    RIGHTS,
    Place,
    Rows,
    default_row,
    default_rows,
    faults_of,
    place_of,
)
from cloud.hub import rules as publishing
from cloud.hub.rules import Version
from cloud.hub.staff import Person
from cloud.store.database import Database
from cloud.web import documents, rule_form
from cloud.web.head_office import PERSON, Pages, form_text
from cloud.web.reading import number_of
from sync_protocol.rules import ROWS_MAX, Column, Rule

CAFE_MAX = 0xFFFFFF


@dataclass(frozen=True, slots=True)
class Listed:
    """One rule in the list: the chain's version (None: the default), the cafes with their own."""

    name: str
    chain: Version | None
    own: list[documents.Cafe]


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of what a version changed: the row's place and name, the column ("": the row)."""

    row: int
    column: str
    before: str
    after: str


async def listing(request: web.Request) -> web.Response:
    """Every rule; a POST publishes a file of rules."""
    pages = request.app[Pages.KEY]
    outcome: Refusal | str | None = None
    facts: dict[str, object] = {"file_faults": [], "text": ""}
    if request.method == "POST":
        outcome, facts = await _publish_file(request)

    def read(database: Database) -> dict[str, object]:
        cafes = _own_cafes(database, request[PERSON])
        return {"listed": [_listed(database, name, cafes) for name in EDITABLE], **_who(database)}

    return pages.respond(request, "rules.html", {**facts, **await pages.read(read)}, outcome)


def _own_cafes(database: Database, person: Person) -> list[documents.Cafe]:
    return [cafe for cafe in documents.cafes(database) if person.sees(cafe.cafe)]


def _listed(database: Database, name: str, cafes: list[documents.Cafe]) -> Listed:
    own = []
    for cafe in cafes if name != RIGHTS.name else []:
        version = publishing.current(database, Place(name, cafe.cafe))
        if version is not None and version.rows is not None:
            own.append(cafe)
    return Listed(name, publishing.current(database, Place(name, 0)), own)


def _who(database: Database) -> dict[str, object]:
    return {"staff_names": {person.staff: person.name for person in documents.staff(database)}}


async def _publish_file(request: web.Request) -> tuple[Refusal | str | None, dict[str, object]]:
    pages = request.app[Pages.KEY]
    posted = (await request.post()).get("text", "")
    text = posted.strip() if isinstance(posted, str) else ""
    file = rules_of_file(text, await pages.read(publishing.cafe_numbers))
    if file.faults:
        return refusal("rule_faults"), {"file_faults": file.faults, "text": text}
    actor = request[PERSON].id
    done = await publishing.publish(pages.office.hub, file.rules, actor, file.seen)
    if isinstance(done, Refusal):
        return done, {"file_faults": [], "text": text}
    return f"TOML · {len(done)}", {"file_faults": [], "text": ""}


async def download(request: web.Request) -> web.Response:
    """All rules that hold, the cafes' own too, as one file."""
    pages, person = request.app[Pages.KEY], request[PERSON]
    found = await pages.read(publishing.in_force)
    text = file_of([one for one in found if not one[0].cafe or person.sees(one[0].cafe)])
    return web.Response(
        text=text,
        content_type="application/toml",
        headers={
            "Content-Disposition": 'attachment; filename="rules.toml"',
            "Cache-Control": "no-store",
        },
    )


async def rule(request: web.Request) -> web.Response:
    """One rule as a form, for the chain or with `?cafe=` for one cafe, and its versions."""
    return await _show(request, await _place(request), None)


async def change(request: web.Request) -> web.Response:
    """Publish what was typed, take the rule back, or show the form again with another row."""
    place = await _place(request)
    form = await request.post()
    wanted = form_text(form, "do")
    pages = request.app[Pages.KEY]
    if wanted == "take_back":
        return await _show(request, place, await _published(pages, request, place, None))
    filled = rule_form.read(place.rule, form)
    if wanted == "add":
        if len(filled.cells) < ROWS_MAX and not place.rule.single:
            row = zip(place.rule.columns, default_row(place.rule), strict=True)
            filled.cells.append({column.name: cell_text(column, value) for column, value in row})
        return await _show(request, place, None, filled)
    faults = filled.faults or faults_of(place.rule, filled.rows)
    if faults:
        filled = rule_form.Filled(filled.cells, filled.rows, faults)
        return await _show(request, place, refusal("rule_faults"), filled)
    outcome = await _published(pages, request, place, filled.rows)
    refused = isinstance(outcome, Refusal)
    return await _show(request, place, outcome, filled if refused else None)


async def _published(
    pages: Pages, request: web.Request, place: Place, rows: Rows | None
) -> Refusal | str:
    form = await request.post()
    seen = number_of(form_text(form, "version"), 0xFFFFFFFF)
    actor = request[PERSON].id
    outcome = await publishing.publish(
        pages.office.hub, [(place, rows)], actor, {place.key: 0 if seen is None else seen}
    )
    if isinstance(outcome, Refusal):
        return outcome
    return place.key if outcome else refusal("rule_same")


async def _place(request: web.Request) -> Place:
    """The rule of the address; 404 where there is no such rule or cafe."""
    name = request.match_info["name"]
    cafe = number_of(request.query.get("cafe", "0"), CAFE_MAX)
    pages = request.app[Pages.KEY]
    cafes = await pages.read(publishing.cafe_numbers)
    place = None if cafe is None else place_of(name, cafe, cafes)
    if place is None or (place.cafe and not request[PERSON].sees(place.cafe)):
        raise web.HTTPNotFound
    return place


async def _show(
    request: web.Request,
    place: Place,
    outcome: Refusal | str | None,
    filled: rule_form.Filled | None = None,
) -> web.Response:
    pages = request.app[Pages.KEY]
    shown = outcome if isinstance(outcome, Refusal) else None

    def read(database: Database) -> dict[str, object]:
        versions = publishing.history(database, place)
        stands = _rows_in_force(database, place, versions)
        cells = filled.cells if filled else rule_form.cells_of(place.rule, stands)
        return {
            "place": place,
            "rule": place.rule,
            "cafes": _own_cafes(database, request[PERSON]),
            "versions": _with_differences(place.rule, versions),
            "version": versions[0].number if versions else 0,
            "own": bool(versions) and versions[0].rows is not None,
            "rows": cells,
            "faults": filled.faults if filled else [],
            "published": isinstance(outcome, str),
            **_who(database),
        }

    return pages.respond(request, "rule.html", await pages.read(read), shown)


def _rows_in_force(database: Database, place: Place, versions: list[Version]) -> Rows:
    """Return what holds at a place: its own rows, else the chain's, else the default."""
    if versions and versions[0].rows is not None:
        return versions[0].rows
    chain = publishing.current(database, Place(place.name, 0)) if place.cafe else None
    return chain.rows if chain and chain.rows is not None else default_rows(place.rule)


def _with_differences(
    rule: Rule, versions: list[Version]
) -> list[tuple[Version, list[Difference]]]:
    """Return each version with what it changed of the one before it, the first of the default."""
    found = []
    for version, older in zip_longest(versions, versions[1:]):
        before = default_rows(rule) if older is None else older.rows or []
        changes = [] if version.rows is None else differences(rule, before, version.rows)
        found.append((version, changes))
    return found


def differences(rule: Rule, before: Rows, after: Rows) -> list[Difference]:
    """Return what differs: rows are matched by their code where they have one, else by place."""
    key = _key_of(rule)
    old = {key(number, row): row for number, row in enumerate(before, 1)}
    new = {key(number, row): row for number, row in enumerate(after, 1)}
    found = []
    for number, (name, row) in enumerate(new.items(), 1):
        if name not in old:
            found.append(Difference(number, "", "", _line(rule, row)))
            continue
        for column, was, now in zip(rule.columns, old[name], row, strict=True):
            if was != now:
                words = cell_text(column, was), cell_text(column, now)
                found.append(Difference(number, column.name, *words))
    for number, (name, row) in enumerate(old.items(), 1):
        if name not in new:
            found.append(Difference(number, "", _line(rule, row), ""))
    return found


def _key_of(rule: Rule) -> Callable[[int, list[Value]], object]:
    names = [column.name for column in rule.columns]
    if "code" not in names[:2]:
        return lambda number, _row: number
    end = names.index("code") + 1
    return lambda _number, row: tuple(row[:end])


def _line(rule: Rule, row: list[Value]) -> str:
    cells = (_shown(column, value) for column, value in zip(rule.columns, row, strict=True))
    return " · ".join(cell for cell in cells if cell)


def _shown(column: Column, value: Value) -> str:
    return cell_text(column, value) if value != column.default or column.name == "code" else ""
