"""Fields of a member's file that head office defines, and the check of what was typed in them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge.domain.refusals import Refusal, refuse

VALUE_LENGTH_MAX = 100


@dataclass(frozen=True, slots=True)
class CustomField:
    """A field of the rule `custom_fields`."""

    code: str
    name: str
    name_en: str
    required: bool


def custom_fields(rows: Iterable[Mapping[str, Any]]) -> tuple[CustomField, ...]:
    """The fields of the rule's rows; a row without a code is none."""
    return tuple(
        CustomField(row["code"], row["name"], row["name_en"] or row["name"], row["required"])
        for row in rows
        if row["code"]
    )


def checked_custom(
    fields: Sequence[CustomField], typed: Iterable[tuple[str, object]]
) -> dict[str, str] | Refusal:
    """What was typed by field, in the order of the fields; empty values are left out."""
    values = dict(typed)
    known = {field.code for field in fields}
    for code in values:
        if code not in known:
            return refuse("custom_field_unknown", field=code)
    checked = {}
    for field in fields:
        name = (field.name, field.name_en)
        value = values.get(field.code, "")
        if not isinstance(value, str) or not value.isprintable():
            return refuse("field_invalid", field=name)
        text = value.strip()
        if len(text) > VALUE_LENGTH_MAX:
            return refuse("field_too_long", field=name, limit=VALUE_LENGTH_MAX)
        if not text and field.required:
            return refuse("field_missing", field=name)
        if text:
            checked[field.code] = text
    return checked


def custom_of(stored: Iterable[object]) -> dict[str, str]:
    """Code -> value of a member document's `custom`: [[code, value], ...]."""
    found = {}
    for pair in stored:
        if isinstance(pair, list) and len(pair) == 2:
            found[str(pair[0])] = str(pair[1])
    return found
