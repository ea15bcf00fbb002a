"""Languages of the pages: gettext catalogues read from .po files when the process starts.

The English text is the message id, so English needs no catalogue; Chinese is the default. The
.po files are the only form kept: reading one takes some milliseconds, and nothing compiled can
go stale.

One source for both web packages: `make vendor` copies it from edge/web to cloud/web.
"""

import gettext
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

DEFAULT_LANGUAGE = "zh"
LANGUAGE_NAMES = {"zh": "中文", "en": "English"}
LANGUAGE_COOKIE = "language"

Catalogues = Mapping[str, gettext.NullTranslations]


def _(message: str) -> str:
    """Mark a message for the catalogue; it is translated where it is shown."""
    return message


def load_catalogues(folder: Path) -> Catalogues:
    """One catalogue for each language, from all `<folder>/<language>/LC_MESSAGES/*.po` together."""
    catalogues: dict[str, gettext.NullTranslations] = {"en": gettext.NullTranslations()}
    for home in sorted(folder.glob("*/LC_MESSAGES")):
        merged = Catalog(charset="utf-8")
        for path in sorted(home.glob("*.po")):
            with path.open("rb") as source:
                for message in read_po(source):
                    if message.id:
                        merged[message.id] = message
        compiled = BytesIO()
        write_mo(compiled, merged)
        compiled.seek(0)
        catalogues[home.parent.name] = gettext.GNUTranslations(compiled)
    missing = LANGUAGE_NAMES.keys() - catalogues.keys()
    if missing:
        raise FileNotFoundError(f"no .po file for {', '.join(sorted(missing))} in {folder}")
    return catalogues


def chosen_language(cookies: Mapping[str, str]) -> str:
    """The language of the cookie, else the default."""
    language = cookies.get(LANGUAGE_COOKIE, DEFAULT_LANGUAGE)
    return language if language in LANGUAGE_NAMES else DEFAULT_LANGUAGE
