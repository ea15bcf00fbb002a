"""`POST /desk/<command>`: a command from a form or as JSON, performed once for its request id.

- A form's answer is HTML: the middle of the screen for htmx, else the whole page.
- JSON in, JSON out, for programs: `{"request_id": ..., <inputs>}` is answered with
  `{"ok": true, "command", "values", "chain_code", "repeated"}` or, with a status of
  `edge.web.statuses`, `{"ok": false, "code", "words", "parameters"}`.

An answer is sent after the commit and never before.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

from edge.desk.answers import Answer, Outcome
from edge.domain.refusals import Refusal, refuse
from edge.domain.staff import may
from edge.web.counter import SESSION_COOKIE, Counter
from edge.web.statuses import status_of
from edge.web.translations import chosen_language

QUANTITY_PREFIX = "quantity:"
PAYS_PREFIX = "pays:"
CUSTOM_PREFIX = "custom:"


async def post_command(request: web.Request) -> web.StreamResponse:
    """Perform the command and answer in the form that it came in."""
    command = request.match_info["command"]
    is_json = request.content_type == "application/json"
    try:
        return await (_answer_json if is_json else _answer_form)(request, command)
    except web.HTTPRequestEntityTooLarge:
        refusal = refuse("body_too_large", limit=request.client_max_size // 1024)
        language = chosen_language(request.cookies)
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        if is_json:
            return _json_refusal(refusal, language, status)
        return web.Response(text=refusal.words(language), status=status)


async def _answer_json(request: web.Request, command: str) -> web.Response:
    try:
        inputs = json.loads(await request.read())
    except ValueError:
        inputs = None
    if not isinstance(inputs, dict):
        return _json_refusal(
            refuse("field_invalid", field="JSON"), chosen_language(request.cookies)
        )
    outcome = await _perform(request, command, inputs)
    if isinstance(outcome, Refusal):
        return _json_refusal(outcome, chosen_language(request.cookies))
    response = web.json_response(
        {
            "ok": True,
            "command": outcome.command,
            "values": {name: value for name, value in outcome.values.items() if name != "token"},
            "chain_code": outcome.chain_code,
            "repeated": outcome.repeated,
        }
    )
    _keep_session(response, command, outcome)
    return response


async def _answer_form(request: web.Request, command: str) -> web.StreamResponse:
    form = await request.post()
    values = {name: value for name, value in form.items() if isinstance(value, str)}
    outcome = await _perform(request, command, {**values, **_lines_and_tags(form)})
    counter = request.app[Counter.KEY]
    if command in ("log_in", "log_out"):
        if isinstance(outcome, Refusal):
            return await counter.log_in_page(request, outcome, values.get("staff", ""))
        response = web.Response(status=303, headers={"Location": _after_log_in(command, outcome)})
        _keep_session(response, command, outcome)
        return response
    if isinstance(outcome, Answer) and "token" in outcome.values:  # somebody else is logged in
        htmx = "HX-Request" in request.headers
        response = web.Response(
            status=200 if htmx else 303, headers={"HX-Redirect" if htmx else "Location": "/"}
        )
        _keep_session(response, command, outcome)
        return response
    return await counter.answer(request, command, outcome, values)


def _after_log_in(command: str, outcome: Answer) -> str:
    """Where a person begins: without an open shift by opening one, if that is their work."""
    role = str(outcome.values.get("role", ""))
    opens = command == "log_in" and not outcome.values["shift"] and may(role, "work_shift")
    return "/show/open-shift" if opens else "/"


async def _perform(request: web.Request, command: str, inputs: Mapping[str, object]) -> Outcome:
    counter = request.app[Counter.KEY]
    session = await counter.session(request)
    rest = {name: value for name, value in inputs.items() if name != "request_id"}
    request_id = inputs.get("request_id", "")
    outcome = await counter.desk.perform(
        command, session, request_id if isinstance(request_id, str) else "", rest
    )
    counter.note(session, outcome)
    return outcome


def _lines_and_tags(form: Mapping[str, object]) -> dict[str, object]:
    """Fold a form's fields of one kind into one input.

    `quantity:<sku>` into `lines`, `tag` boxes into `tags`, `custom:<code>` into `custom`,
    `pays:<tender>` with its `reference:<tender>` into `tenders_yuan`, the text `list` into `lines`
    of its words.
    """
    folded: dict[str, object] = {}
    names = list(form)
    if any(name.startswith(QUANTITY_PREFIX) for name in names):
        folded["lines"] = [
            [name.removeprefix(QUANTITY_PREFIX), form[name]]
            for name in names
            if name.startswith(QUANTITY_PREFIX) and str(form[name]).strip() not in ("", "0")
        ]
    paid = [
        [name.removeprefix(PAYS_PREFIX), form[name], _reference(form, name)]
        for name in names
        if name.startswith(PAYS_PREFIX) and str(form[name]).strip()
    ]
    if paid:
        folded["tenders_yuan"] = paid
    if "list" in names:
        folded["lines"] = _lines_of_text(str(form["list"]))
    custom = [name for name in names if name.startswith(CUSTOM_PREFIX)]
    if custom:
        folded["custom"] = [[name.removeprefix(CUSTOM_PREFIX), form[name]] for name in custom]
    getall = getattr(form, "getall", None)
    if getall is not None and "tag" in names:
        folded["tags"] = " ".join(getall("tag"))
    return folded


def _reference(form: Mapping[str, object], name: str) -> object:
    return form.get("reference:" + name.removeprefix(PAYS_PREFIX), "")


def _lines_of_text(text: str) -> list[list[str]]:
    """[[all but the last word, the last word], ...] of the lines that are not empty."""
    lines = []
    for line in text.splitlines():
        words = line.replace("\t", " ").split()
        if words:
            lines.append([" ".join(words[:-1]) or words[0], words[-1] if len(words) > 1 else ""])
    return lines


def _json_refusal(refusal: Refusal, language: str, status: int = 0) -> web.Response:
    return web.json_response(
        {
            "ok": False,
            "code": refusal.code,
            "words": refusal.words(language),
            "parameters": dict(refusal.parameters),
        },
        status=status or status_of(refusal),
    )


def _keep_session(response: web.StreamResponse, command: str, answer: Answer) -> None:
    """Give the browser its session after a log-in or a handover, take it after a log-out."""
    if "token" in answer.values:
        response.set_cookie(
            SESSION_COOKIE, str(answer.values["token"]), httponly=True, samesite="Strict", path="/"
        )
    elif command == "log_out":
        response.del_cookie(SESSION_COOKIE, path="/", samesite="Strict")
