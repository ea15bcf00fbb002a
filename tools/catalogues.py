"""Keep the pages' catalogues in step with their templates: `python -m tools.catalogues [--check]`.

The English text in templates and code is the message id. This reads it from edge/web and
cloud/web, adds what is new to each messages.po (untranslated) and drops what is gone. `--check`
changes nothing and exits 1 where a catalogue is out of step or a translation is missing.
"""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
WEB_FOLDERS = (ROOT / "edge" / "web", ROOT / "cloud" / "web")
LANGUAGES = ("zh",)
"""English is in the templates themselves."""


def extracted(folder: Path) -> Catalog:
    """Every message of one web package."""
    catalogue = Catalog()
    messages = extract_from_dir(
        folder,
        method_map=[("templates/**.html", "jinja2"), ("**.py", "python")],
        options_map={"templates/**.html": {"trimmed": "true", "newstyle_gettext": "true"}},
    )
    for path, _line, message, _comments, context in messages:
        catalogue.add(message, locations=[(path, 0)], context=context)
    return catalogue


def catalogue_path(folder: Path, language: str) -> Path:
    return folder / "locale" / language / "LC_MESSAGES" / "messages.po"


def updated(folder: Path, language: str) -> Catalog:
    """The catalogue as it ought to be: the old translations of the messages there are now."""
    path = catalogue_path(folder, language)
    old = read_po(BytesIO(path.read_bytes() if path.exists() else b""), locale=language)
    new = Catalog(locale=language, header_comment="", charset="utf-8")
    for message in extracted(folder):
        if message.id:
            known = old.get(message.id)
            new.add(message.id, known.string if known else "", flags=message.flags)
    return new


def written(catalogue: Catalog) -> bytes:
    """The catalogue as a .po file, sorted, without dates or line numbers that only make noise."""
    target = BytesIO()
    header = b'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    write_po(target, catalogue, width=0, sort_output=True, omit_header=True)
    return header + target.getvalue().strip() + b"\n"


def faults() -> Iterator[str]:
    """What is out of step or untranslated, one line each."""
    for folder in WEB_FOLDERS:
        for language in LANGUAGES:
            path = catalogue_path(folder, language)
            catalogue = updated(folder, language)
            name = path.relative_to(ROOT)
            if not path.exists() or path.read_bytes() != written(catalogue):
                yield f"{name} is out of step. Type: python -m tools.catalogues"
            for message in catalogue:
                if message.id and not message.string:
                    yield f"{name}: not translated: {message.id}"


def main() -> None:
    """Update or check the catalogues."""
    if sys.argv[1:] == ["--check"]:
        found = list(faults())
        print("\n".join(found), end="\n" if found else "")
        sys.exit(1 if found else 0)
    for folder in WEB_FOLDERS:
        for language in LANGUAGES:
            path = catalogue_path(folder, language)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(written(updated(folder, language)))


if __name__ == "__main__":
    main()
