"""What a benchmark hands back, and how it is shown: a table on screen and `build/bench.json`."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Line:
    """One measured figure beside its reference.

    `ratio` is value ÷ reference_value; `target` says in words what it (or the value) should be,
    `met` whether it is. A line without a target is for reading only and counts as met.
    """

    name: str
    value: float
    unit: str
    reference: str
    reference_value: float
    ratio: float
    target: str
    met: bool


def at_most(
    name: str, value: float, unit: str, reference: str, reference_value: float, ratio_max: float
) -> Line:
    """Return a line whose value may be at most `ratio_max` times its reference."""
    ratio = value / reference_value
    target = f"ratio ≤ {ratio_max:g}"
    return Line(name, value, unit, reference, reference_value, ratio, target, ratio <= ratio_max)


def at_least(
    name: str, value: float, unit: str, reference: str, reference_value: float, ratio_min: float
) -> Line:
    """Return a line whose value must be at least `ratio_min` times its reference."""
    ratio = value / reference_value
    target = f"ratio ≥ {ratio_min:g}"
    return Line(name, value, unit, reference, reference_value, ratio, target, ratio >= ratio_min)


def for_reading(name: str, value: float, unit: str, reference: str, reference_value: float) -> Line:
    """Return a line without a target: what another line consists of."""
    return Line(name, value, unit, reference, reference_value, value / reference_value, "", True)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of the values lie: the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def progress(text: str) -> None:
    """Say on stderr what is going on."""
    print(text, file=sys.stderr, flush=True)


def table(lines: Sequence[Line]) -> str:
    """Return the lines as a table for a terminal."""
    heads = ("", "name", "value", "unit", "reference", "value", "ratio", "target")
    rows = [heads]
    for line in lines:
        mark = " " if not line.target else ("✓" if line.met else "✗")
        rows.append(
            (
                mark,
                line.name,
                number(line.value),
                line.unit,
                line.reference,
                number(line.reference_value),
                f"{line.ratio:.2f}",
                line.target,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    right = {2, 5, 6}
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def number(value: float) -> str:
    """Return a figure with three or more significant digits."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.1f}"


def write_json(lines: Sequence[Line], path: Path) -> None:
    """Write the lines as a list of objects."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps([asdict(line) for line in lines], ensure_ascii=False, indent=1) + "\n"
    )
