"""What `cafebox devices` prints: tables that are ready to paste, and all else as comments.

The whole text is a configuration: `cafebox devices >>cafebox.toml` is no mistake, for what is not
sure and what stands there already is commented out.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from textwrap import indent

from edge.discovery.found import Found
from edge.discovery.survey import Survey
from edge.discovery.tables import Table, device_tables, table_text
from edge.drivers.patterns import fits

COMMENT = "# "
HEAD = "Paste what is yours into {file}, then type: cafebox doctor"
NOTHING = """\
No new device was found. Plug one in, give it power, and type again: cafebox devices
What hangs on a serial port is asked by:  cafebox devices --probe
Door nodes on the Wi-Fi are heard by:     cafebox devices --listen 70"""
UNSURE = "what hangs on it cannot be seen: take the # away from what does"


def listing(survey: Survey, configured: Sequence[Mapping[str, object]], file: str) -> str:
    """The text; `configured` are the tables that `file` has already."""
    return "\n".join(_paragraphs(survey, configured, file))


def rows(survey: Survey, configured: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """The same as JSON's values; `configured` is the name of a device's table, or empty."""
    devices = [
        {
            "place": one.place,
            "label": one.label,
            "sure": one.sure,
            "note": one.note,
            "configured": known,
            "table": dict(table),
        }
        for one, known, table in _with_tables(survey.found, configured)
    ]
    troubles = [
        {"stack": one.stack, "found": one.found, "remedy": one.remedy} for one in survey.troubles
    ]
    return {"devices": devices, "troubles": troubles}


def name_of(found: Found, configured: Iterable[Mapping[str, object]]) -> str:
    """What the table of a device is called that is configured already; empty for none.

    What is not sure is settled by any table for its place, whatever the kind.
    """
    for table in configured:
        port = table.get("port")
        settled = table.get("kind") == found.kind or not found.sure
        if settled and isinstance(port, str) and _is_at(found, port):
            return str(table.get("name", table.get("kind")))
    return ""


def _is_at(found: Found, port: str) -> bool:
    if port.startswith("/"):
        return Path(port).resolve() == Path(found.place).resolve()
    if found.driver == "pcsc":  # by pcscd's name, with what it counts
        pattern = str(found.options["port"])
        return port == pattern or fits(pattern.replace("*", " 00 00"), port)
    return found.driver == "keyboard" and fits(found.label, port)


def _with_tables(
    found: Sequence[Found], configured: Sequence[Mapping[str, object]]
) -> Iterator[tuple[Found, str, Table]]:
    taken = {str(table.get("name", table.get("kind"))) for table in configured}
    for one, table in zip(found, device_tables(found, taken), strict=True):
        yield one, name_of(one, configured), table


def _paragraphs(
    survey: Survey, configured: Sequence[Mapping[str, object]], file: str
) -> Iterator[str]:
    told = list(_with_tables(survey.found, configured))
    if any(not known for _one, known, _table in told):
        yield _comment(HEAD.format(file=file)) + "\n"
    else:
        yield _comment(NOTHING) + "\n"
    for (place, label), uses in groupby(told, key=lambda one: (one[0].place, one[0].label)):
        yield _device(place, label, list(uses), file)
    for trouble in survey.troubles:
        yield _comment(f"{trouble.stack}: {trouble.found}\n  {trouble.remedy}") + "\n"


def _device(place: str, label: str, uses: list[tuple[Found, str, Table]], file: str) -> str:
    head = label if label == place else f"{label}\n  at {place}"
    names = dict.fromkeys(known for _found, known, _table in uses if known)
    uses = [use for use in uses if not use[1]]
    parts = [_comment(f"{head}\n  is in {file} already: {', '.join(names)}")] if names else []
    if not uses:
        return parts[0] + "\n"
    if not uses[0][0].sure:
        head = f"{head}\n  {UNSURE}"
    if not parts:
        parts.append(_comment(head))
    for found, _known, table in uses:
        if found.note:
            parts.append(_comment(f"  {found.note}"))
        text = table_text(table).rstrip("\n")
        parts.append(text if found.sure else _comment(text))
    return "\n".join(parts) + "\n"


def _comment(text: str) -> str:
    commented = indent(text, COMMENT, lambda _line: True)
    return "\n".join(line.rstrip() for line in commented.splitlines())
