"""The page of vouchers: what was issued and used, and a new batch whose codes are shown once."""

import secrets
from dataclasses import dataclass
from datetime import date

from aiohttp import web

from cloud.domain.refusals import Refusal, refusal
from cloud.domain.vouchers import BATCH_MAX
from cloud.hub.vouchers import issue_vouchers
from cloud.store.database import Database
from cloud.store.reports import read_documents
from cloud.web.amounts import fen_of_yuan
from cloud.web.head_office import PERSON, Pages, form_text
from cloud.web.reading import number_of
from sync_protocol.kinds import PASS, field_index

SHOWN_MAX = 200
REQUEST_ID_LENGTH_MAX = 64


@dataclass(frozen=True, slots=True)
class Voucher:
    """A voucher of head office or of a cafe (0: head office)."""

    number: str
    amount_fen: int
    what: str
    until_day: int
    cafe: int
    used: bool


async def vouchers(request: web.Request) -> web.Response:
    """All vouchers, the latest first; a POST issues a batch."""
    pages = request.app[Pages.KEY]
    outcome: Refusal | list[tuple[str, str]] = []
    if request.method == "POST":
        outcome = await _issue(request)

    def read(database: Database) -> dict[str, object]:
        person = request[PERSON]
        known = _vouchers(database)
        found = [one for one in known if not one.cafe or person.sees(one.cafe)]
        return {
            "vouchers": found[:SHOWN_MAX],
            "used": sum(one.used for one in found),
            "issued": len(found),
            "codes": outcome if isinstance(outcome, list) else [],
            "batch_max": BATCH_MAX,
        }

    fault = outcome if isinstance(outcome, Refusal) else None
    return pages.respond(request, "vouchers.html", await pages.read(read), fault)


async def _issue(request: web.Request) -> Refusal | list[tuple[str, str]]:
    form = await request.post()
    amount_fen = fen_of_yuan(form_text(form, "amount_yuan"))
    if isinstance(amount_fen, Refusal):
        return amount_fen
    count = number_of(form_text(form, "count"), BATCH_MAX + 1) or 0
    until_day = _day_of(form_text(form, "until_day"))
    if until_day is None:
        return refusal("day_invalid")
    hub = request.app[Pages.KEY].office.hub
    asked = form_text(form, "request_id")[:REQUEST_ID_LENGTH_MAX] or secrets.token_urlsafe()
    return await issue_vouchers(hub, count, amount_fen, until_day, request[PERSON].id, asked)


def _day_of(text: str) -> int | None:
    """`2027-03-01` is 20270301 and nothing is 0; None for what is no day of the calendar."""
    if not text:
        return 0
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day.year * 10_000 + day.month * 100 + day.day


def _vouchers(database: Database) -> list[Voucher]:
    found = []
    for _key, row in read_documents(database, PASS):
        field = {name: row.value(field_index(PASS, name)) for name in _FIELDS}
        if field["form"] == "voucher":
            found.append(
                Voucher(
                    str(field["number"] or ""),
                    int(str(field["price_fen"] or 0)),
                    str(field["code"] or ""),
                    int(str(field["to_day"] or 0)),
                    int(str(field["sold_cafe"] or 0)),
                    field["status"] == "used",
                )
            )
    return sorted(found, key=lambda one: one.number, reverse=True)


_FIELDS = ("form", "number", "price_fen", "code", "to_day", "sold_cafe", "status")
