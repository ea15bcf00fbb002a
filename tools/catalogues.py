"""Keep the pages' catalogues in step with their templates: `python -m tools.catalogues [--check]`.

The English text in templates and code is the message id. This reads it from edge/web and
cloud/web, adds what is new (untranslated) to the catalogue of its topic, drops what is gone, and
leaves every other message in the catalogue where it stands. `--check` changes nothing and exits 1
where a catalogue is out of step or a translation is missing.
"""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from edge.web import works

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


def catalogue_folder(folder: Path, language: str) -> Path:
    return folder / "locale" / language / "LC_MESSAGES"


def room_of(folder: Path, users: set[str]) -> str:
    """The catalogue for a new message that the files `users` of a web package say.

    At the counter: that of their one topic, `counter` for what several say. Head office has one.
    """
    if not (folder / "works").is_dir():
        return "messages"
    topics = {_topic_of(Path(user)) for user in users}
    return topics.pop() if len(topics) == 1 else "counter"


def _topic_of(user: Path) -> str:
    """The topic of a file of the counter's web package, `counter` for what belongs to none."""
    if user.parent.name in ("works", "done"):
        return user.stem
    if user.parent.name == "setup":
        return "setup"
    if user.parent.name == "work":
        topics = (topic for topic in works.TOPICS if user.stem in topic.WORKS)
        return next(topics).__name__.rpartition(".")[2]
    return "terms" if user.stem in ("terms", "box_terms") else "counter"


def updated(folder: Path, language: str) -> dict[Path, Catalog]:
    """The catalogues as they ought to be: the old translations of the messages there are now."""
    home = catalogue_folder(folder, language)
    known: dict[str, tuple[Path, str]] = {}
    new: dict[Path, Catalog] = {}
    for path in sorted(home.glob("*.po")):
        new[path] = _empty(language)
        for message in read_po(BytesIO(path.read_bytes()), locale=language):
            known.setdefault(message.id, (path, message.string))
    for message in extracted(folder):
        if message.id:
            users = {path for path, _line in message.locations}
            unknown = (home / f"{room_of(folder, users)}.po", "")
            path, translation = known.get(message.id, unknown)
            new.setdefault(path, _empty(language)).add(message.id, translation, flags=message.flags)
    return new


def _empty(language: str) -> Catalog:
    return Catalog(locale=language, header_comment="", charset="utf-8")


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
            for path, catalogue in updated(folder, language).items():
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
            catalogue_folder(folder, language).mkdir(parents=True, exist_ok=True)
            for path, catalogue in updated(folder, language).items():
                path.write_bytes(written(catalogue))


if __name__ == "__main__":
    main()
