"""Templates in two languages: one Jinja environment per language over the same files."""

import secrets
from datetime import tzinfo
from pathlib import Path
from typing import Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from edge.desk.view_types import CounterView
from edge.web import formats
from edge.web.terms import term
from edge.web.translations import LANGUAGE_NAMES, load_catalogues

FOLDER = Path(__file__).parent
REQUEST_ID_BYTES = 16


class _Named(Protocol):
    """Whatever has a name in both languages."""

    name: str
    name_en: str


class Renderer:
    """Renders a template for a language; times are shown in `zone`."""

    def __init__(self, zone: tzinfo) -> None:
        catalogues = load_catalogues(FOLDER / "locale")
        self._environments = {
            language: self._environment(language, zone) for language in LANGUAGE_NAMES
        }
        for language, environment in self._environments.items():
            environment.install_gettext_translations(  # type: ignore[attr-defined]  # by the extension
                catalogues[language], newstyle=True
            )

    def render(self, template: str, language: str, **values: object) -> str:
        """The template's text; an unknown name in it is an error."""
        return self._environments[language].get_template(template).render(**values)

    def _environment(self, language: str, zone: tzinfo) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
        )

        def stamp(wall_ms: int, shown: str = "clock") -> Markup:
            """A local time with the full stamp on hover."""
            words = {"clock": formats.clock, "day": formats.day_and_clock}[shown](wall_ms, zone)
            return Markup('<time datetime="{}" title="{}">{}</time>').format(
                formats.iso_utc(wall_ms), formats.full_stamp(wall_ms, zone), words
            )

        def named(record: _Named) -> str:
            return record.name_en if language == "en" and record.name_en else record.name

        def cafe_name(counter: CounterView) -> str:
            """The cafe's name in the page's language."""
            english = language == "en" and counter.cafe_name_en
            return english or counter.cafe_name

        environment.policies["ext.i18n.trimmed"] = True
        environment.globals.update(
            language=language,
            languages=LANGUAGE_NAMES,
            new_request_id=lambda: secrets.token_urlsafe(REQUEST_ID_BYTES),
            term=term,
        )
        environment.filters.update(
            money=formats.money,
            signed_money=formats.signed_money,
            cafe_name=cafe_name,
            count=formats.count,
            short_id=formats.short_id,
            day=formats.day,
            initials=formats.initials,
            stamp=stamp,
            named=named,
        )
        return environment
