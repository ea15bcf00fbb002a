"""Pages about people: one's own account, a person's rights and secrets, the first run."""

from collections.abc import Iterable

from aiohttp import web

from cloud.domain.counter_operations import OPERATIONS
from cloud.domain.passwords import FIRST_RUN
from cloud.domain.refusals import Refusal, refusal
from cloud.hub import second_factor
from cloud.hub.accounts import SHOWN, Change
from cloud.hub.registers import mark_of
from cloud.store.database import Database
from cloud.store.reports import read_document
from cloud.web import documents
from cloud.web.changing import ROLES, Outcome, cafes_ticked
from cloud.web.head_office import MUST, PERSON, Pages, form_secret, form_text, session_token
from cloud.web.reading import number_of
from cloud.web.translations import chosen_language
from sync_protocol.expect import ID_MAX
from sync_protocol.kinds import STAFF


async def own(request: web.Request, outcome: Outcome = None) -> web.Response:
    """One's own password and second factor."""
    pages, person = request.app[Pages.KEY], request[PERSON]
    secret = second_factor.new_secret()
    address = second_factor.address(secret, person.name, pages.office.hub.chain)
    facts = {
        "must": request[MUST],
        "enrolled": bool(person.second_factor),
        "secret": secret,
        "picture": second_factor.picture(address),
        "sealed": second_factor.seal(
            pages.office.hub.keys, person.id, secret, pages.office.hub.surroundings.random_bytes
        ),
    }
    return pages.respond(request, "account.html", facts, outcome)


async def change_password(request: web.Request) -> web.Response:
    """Set one's own password."""
    form = await request.post()
    fault = await request.app[Pages.KEY].office.accounts.change_password(
        request[PERSON], form_secret(form, "old"), form_secret(form, "new"), session_token(request)
    )
    if fault is None:
        raise web.HTTPSeeOther("/account")
    return await own(request, fault)


async def set_second_factor(request: web.Request) -> web.Response:
    """Enrol an authenticator by a code of the secret that the page showed."""
    pages, person = request.app[Pages.KEY], request[PERSON]
    form = await request.post()
    secret = second_factor.unseal(pages.office.hub.keys, person.id, form_text(form, "sealed"))
    password, code = form_secret(form, "password"), form_text(form, "code")
    fault = await pages.office.accounts.set_second_factor(
        person, password, secret, code, session_token(request)
    )
    if fault is None:
        raise web.HTTPSeeOther("/account")
    return await own(request, fault)


async def person(request: web.Request, outcome: Outcome = None) -> web.Response:
    """One person: role, cafes, single rights, PIN, staff card."""
    pages = request.app[Pages.KEY]
    number = _number(request)

    def read(database: Database) -> dict[str, object]:
        found = [one for one in documents.staff(database) if one.staff == number]
        return {
            "person": found[0] if found else None,
            "seen": mark_of(STAFF, SHOWN, read_document(database, STAFF, number)),
            "cafes": documents.cafes(database),
        }

    facts = await pages.read(read)
    if facts["person"] is None:
        raise web.HTTPNotFound
    index = 0 if chosen_language(request.cookies) == "zh" else 1
    operations = [(code, names[index]) for code, names in sorted(OPERATIONS.items())]
    return pages.respond(
        request, "person.html", {**facts, "roles": ROLES, "operations": operations}, outcome
    )


async def change(request: web.Request) -> web.Response:
    """Set a person's role, cafes, rights, PIN and card."""
    form = await request.post()
    granted, taken = (_words(form.getall(name, [])) for name in ("granted", "taken"))
    if any(word not in OPERATIONS for word in (*granted, *taken)):
        return await person(request, refusal("operation_unknown"))
    wanted = Change(
        form_text(form, "role"),
        cafes_ticked(form),
        "active" in form,
        granted,
        taken,
        form_text(form, "seen"),
        form_text(form, "pin"),
        form_text(form, "card_uid"),
    )
    office = request.app[Pages.KEY].office
    fault = await office.accounts.change(_number(request), wanted, request[PERSON])
    return await _back(request, fault)


async def reset_password(request: web.Request) -> web.Response:
    """Give another person a password that they change at their next log-in."""
    form = await request.post()
    office = request.app[Pages.KEY].office
    fault = await office.accounts.reset_password(
        _number(request), form_secret(form, "password"), request[PERSON]
    )
    return await _back(request, fault)


async def reset_second_factor(request: web.Request) -> web.Response:
    """Take another person's lost authenticator away."""
    office = request.app[Pages.KEY].office
    fault = await office.accounts.reset_second_factor(_number(request), request[PERSON])
    return await _back(request, fault)


async def first_run(request: web.Request) -> web.Response:
    """The first settings of a new chain: once, by whoever has the password that the hub printed."""
    pages = request.app[Pages.KEY]
    form = await request.post() if request.method == "POST" else {}
    company = {name: form_text(form, name) for name in ("name", "name_en", "phone")}
    fault: Refusal | None = None
    if request.method == "POST":
        fault = await pages.office.accounts.first_run(
            request[PERSON],
            company,
            form_secret(form, "old"),
            form_secret(form, "new"),
            session_token(request),
        )
        if fault is None:
            raise web.HTTPSeeOther("/cafes")
    elif request[MUST] != FIRST_RUN:
        raise web.HTTPSeeOther("/account")
    return pages.respond(request, "first_run.html", {"company": company}, fault)


async def _back(request: web.Request, fault: Refusal | None) -> web.Response:
    if fault is None:
        raise web.HTTPSeeOther(f"/staff/{_number(request)}")
    if fault.code == "staff_unknown":
        raise web.HTTPNotFound
    return await person(request, fault)


def _number(request: web.Request) -> int:
    return number_of(request.match_info["person"], ID_MAX) or 0


def _words(values: Iterable[object]) -> list[str]:
    return [value for value in values if isinstance(value, str) and value]
