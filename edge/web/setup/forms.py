"""The form of the devices: names of its fields, and the choice that it says.

`keep` is the place of a table in the file. `use`, and `use@<place>` where it is one of several, is
a token of `token_of`; `set/<token>/<setting>` a number. `port`, `port_use` and `port_baud` name a
device by hand.
"""

from collections.abc import Iterator

from multidict import MultiMapping

from edge.discovery.found import Found
from edge.domain.refusals import Refusal, refuse
from edge.setup.choice import Choice, Chosen

Field = object


def token_of(found: Found) -> str:
    """The name of a use in the form."""
    return f"{found.kind}/{found.driver}@{found.place}"


def choice_of(form: "MultiMapping[Field]") -> Choice | Refusal:
    """What was chosen; a number that is none is refused."""
    try:
        kept = frozenset(int(str(value)) for value in form.getall("keep", []))
        chosen = tuple(_chosen(token, form) for token in _tokens(form))
        return Choice(kept, chosen, _by_hand(form))
    except ValueError:
        return refuse("setup_number")


def _tokens(form: "MultiMapping[Field]") -> Iterator[str]:
    for name, value in form.items():
        if (name == "use" or name.startswith("use@")) and value:
            yield str(value)


def _chosen(token: str, form: "MultiMapping[Field]") -> Chosen:
    use, _at, place = token.partition("@")
    kind, _slash, driver = use.partition("/")
    prefix = f"set/{token}/"
    settings = {
        name.removeprefix(prefix): int(str(value))
        for name, value in form.items()
        if name.startswith(prefix)
    }
    return Chosen(kind, driver, place, settings)


def _by_hand(form: "MultiMapping[Field]") -> Chosen | None:
    port = str(form.get("port", "")).strip()
    if not port:
        return None
    kind, _slash, driver = str(form.get("port_use", "")).partition("/")
    baud = int(str(form.get("port_baud", "0")) or 0)
    return Chosen(kind, driver, port, {"baud": baud} if baud else {})
