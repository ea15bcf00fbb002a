"""Plants a bug in the running program, and takes it out again.

A mutant changes the text of one or more functions and puts the result where the function was, also
where other modules have imported it. A text that is no longer there fails loudly: the mutant then
has to be written anew for the code as it is. Nothing of this is in the product's own files.
"""

import importlib
import inspect
import sys
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

PACKAGES = ("sync_protocol", "edge", "cloud", "tests")


@dataclass(frozen=True, slots=True)
class Edit:
    """Where a text stands ("module:Class.function"), the text, and what replaces it."""

    where: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """One planted bug and what a hunt for it is made of.

    `faults`: the kinds of fault that bring it to light; `favours`: what people do ten times as
    often; `office_share`: of all that is done, what head office does. `subtle`: the whole smoke
    test passes with it (`python -m tests.sim --smoke NAME`).
    """

    name: str
    invariant: str
    edits: tuple[Edit, ...]
    faults: frozenset[str] = frozenset()
    favours: tuple[str, ...] = ()
    office_share: float = 0.04
    subtle: bool = False


def mutant(
    name: str,
    invariant: str,
    *edits: tuple[str, str, str],
    faults: tuple[str, ...] = (),
    favours: tuple[str, ...] = (),
    office_share: float = 0.04,
    subtle: bool = False,
) -> Mutant:
    """Return a mutant of (where, old text, new text)."""
    return Mutant(
        name,
        invariant,
        tuple(Edit(*edit) for edit in edits),
        frozenset(faults),
        favours,
        office_share,
        subtle,
    )


@contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """Have a mutant in the program while entered."""
    with ExitStack() as undo:
        for edit in mutant.edits:
            _plant(edit, undo)
        yield


def plant_for_good(mutant: Mutant) -> None:
    """Have a mutant in this process until it ends."""
    undo = ExitStack()
    for edit in mutant.edits:
        _plant(edit, undo)
    undo.pop_all()


def _plant(edit: Edit, undo: ExitStack) -> None:
    module_name, _, path = edit.where.partition(":")
    module = importlib.import_module(module_name)
    owner: Any = module
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    original = inspect.getattr_static(owner, name)
    function: Any = getattr(original, "__func__", original)
    text = textwrap.dedent(inspect.getsource(function))
    if edit.old not in text:
        raise LookupError(f"{edit.where} no longer says {edit.old!r}: write the mutant anew")
    scope: dict[str, Any] = {}
    changed = text.replace(edit.old, edit.new)
    written_in = sys.modules[function.__module__].__dict__  # a class may inherit it from elsewhere
    exec(compile(changed, f"<mutant of {edit.where}>", "exec"), written_in, scope)
    replacement = scope[name]
    for holder, attribute in _holders(owner, name, original, is_method=bool(parents)):
        undo.callback(_put_back, holder, attribute, vars(holder).get(attribute))
        setattr(holder, attribute, replacement)


def _put_back(holder: Any, attribute: str, value: object) -> None:
    if value is None:
        delattr(holder, attribute)  # it was inherited
    else:
        setattr(holder, attribute, value)


def _holders(owner: Any, name: str, original: object, *, is_method: bool) -> list[tuple[Any, str]]:
    """Return every place that has the function: its owner, and modules that imported it."""
    holders = [(owner, name)]
    if is_method:
        return holders
    for module in list(sys.modules.values()):
        package = getattr(module, "__name__", "").partition(".")[0]
        if package not in PACKAGES or module is owner:
            continue
        holders += [
            (module, attribute) for attribute, value in vars(module).items() if value is original
        ]
    return holders
