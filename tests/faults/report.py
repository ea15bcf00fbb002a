"""What a run did and found: how often each fault was injected, and every violation in words."""

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Report:
    """`faults`: name -> how often it took effect; `figures`: name -> what was measured."""

    faults: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    def injected(self, fault: str, times: int = 1) -> None:
        """Note a fault that took effect."""
        self.faults[fault] += times

    def expect(self, holds: object, what: str) -> None:
        """Note a violation unless `holds`."""
        if not holds:
            self.violated(what)

    def violated(self, what: str) -> None:
        """Note a violation."""
        tell(f"VIOLATION: {what}")
        self.violations.append(what)

    def values(self) -> dict[str, object]:
        """Return the report as JSON's values; `merge` reads them."""
        return {
            "faults": dict(self.faults),
            "violations": self.violations,
            "figures": self.figures,
        }

    def merge(self, values: Mapping[str, object]) -> None:
        """Add what another process reported."""
        faults, violations, figures = (values[name] for name in ("faults", "violations", "figures"))
        assert isinstance(faults, dict)
        assert isinstance(violations, list)
        assert isinstance(figures, dict)
        self.faults.update(faults)
        self.violations += violations
        self.figures |= figures


def tell(text: str) -> None:
    """Say on stderr what is going on."""
    print(text, file=sys.stderr, flush=True)
