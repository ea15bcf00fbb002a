"""`POST /imports`: a list of the old system from a manager's browser; checked first, then written.

The answer is the work `import` with every problem by row and column, or with the progress.
"""

from http import HTTPStatus

from aiohttp import BodyPartReader, web

from edge.desk.commit import Request as AskedBy
from edge.desk.imports import Asked as AskedImport
from edge.domain.imports import ALIASES
from edge.domain.refusals import Refusal, refuse
from edge.domain.staff import right_refusal
from edge.web.counter import Counter
from edge.web.sheets import BYTES_MAX, SheetError, read_sheet
from edge.web.translations import chosen_language

FORM_BYTES = 4096
"""What the form's other fields take."""


async def post_import(request: web.Request) -> web.StreamResponse:
    """Take the file and begin; 401 without a log-in, 403 without the right."""
    counter = request.app[Counter.KEY]
    session = await counter.session(request)
    if session is None:
        return web.Response(status=HTTPStatus.UNAUTHORIZED)
    refusal = right_refusal(session, "import_lists")
    if refusal is not None:
        asked_by = AskedBy("show:import", "", session, session.terminal)
        await counter.desk.audit.note_look(asked_by, {}, refusal)
        words = refusal.words(chosen_language(request.cookies))
        return web.Response(status=HTTPStatus.FORBIDDEN, text=words)
    fields, data = await _form(request)
    what = fields.get("what", "")
    outcome: Refusal | SheetError | None = None
    if what not in ALIASES or not data:
        outcome = refuse("import_file")
    else:
        try:
            sheet = read_sheet(data, ALIASES[what])
            asked = AskedImport(
                what,
                sheet.columns,
                sheet.rows,
                dry_run=fields.get("do") != "import",
                leave_out="leave_out" in fields,
            )
            outcome = counter.desk.imports.start(asked, session.staff, session.terminal)
        except SheetError as error:
            outcome = error
    return await counter.show_import(request, session, outcome)


async def _form(request: web.Request) -> tuple[dict[str, str], bytes]:
    """The text fields and the file of a multipart form, at most BYTES_MAX of it."""
    fields: dict[str, str] = {}
    data = bytearray()
    if not request.content_type.startswith("multipart/"):
        return fields, b""
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader):
            continue
        name = part.name or ""
        limit = BYTES_MAX if name == "file" else FORM_BYTES
        read = bytearray()
        while chunk := await part.read_chunk():
            read += chunk
            if len(read) > limit:
                raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=len(read))
        if name == "file":
            data = read
        else:
            fields[name] = read.decode("utf-8", "replace")
    return fields, bytes(data)
