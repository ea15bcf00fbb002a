"""Templates in two languages: one Jinja environment per language over the same files.

One source for both web packages: `make vendor` copies it from edge/web to cloud/web.
"""

import secrets
from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path
from typing import Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cloud.web import formats
from cloud.web.translations import LANGUAGE_NAMES, load_catalogues

REQUEST_ID_BYTES = 16

Term = Callable[[str, object], str]
"""term(family, code): the message id that stands for a code."""

_STAMPS = {
    "clock": formats.clock,
    "day": formats.day_and_clock,
    "full": formats.full_stamp,
}


class _Named(Protocol):
    """Whatever has a name in both languages."""

    name: str
    name_en: str


class Renderer:
    """Renders the templates of a web package; times are shown in `zone`."""

    def __init__(self, folder: Path, zone: tzinfo, term: Term) -> None:
        catalogues = load_catalogues(folder / "locale")
        self._environments = {}
        for language in LANGUAGE_NAMES:
            environment = _environment(folder / "templates", language, zone)
            environment.globals["term"] = term
            environment.install_gettext_translations(  # type: ignore[attr-defined]  # by the extension
                catalogues[language], newstyle=True
            )
            self._environments[language] = environment

    def render(self, template: str, language: str, **values: object) -> str:
        """The template's text; an unknown name in it is an error."""
        return self._environments[language].get_template(template).render(**values)


def _environment(templates: Path, language: str, zone: tzinfo) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["ext.i18n.trimmed"] = True

    def stamp(wall_ms: int, shown: str = "clock") -> Markup:
        """A local time with the full stamp on hover."""
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            formats.iso_utc(wall_ms),
            formats.full_stamp(wall_ms, zone),
            _STAMPS[shown](wall_ms, zone),
        )

    def worded(name: tuple[str, str]) -> str:
        """A name of both languages, Chinese first."""
        return name[1] if language == "en" else name[0]

    def named(record: _Named) -> str:
        return record.name_en if language == "en" and record.name_en else record.name

    environment.globals.update(
        language=language,
        languages=LANGUAGE_NAMES,
        colon="：" if language == "zh" else ": ",
        new_request_id=lambda: secrets.token_urlsafe(REQUEST_ID_BYTES),
    )
    environment.filters.update(
        money=formats.money,
        signed_money=formats.signed_money,
        signed_span=formats.signed_span,
        count=formats.count,
        short_id=formats.short_id,
        day=formats.day,
        initials=formats.initials,
        stamp=stamp,
        named=named,
        worded=worded,
    )
    return environment
