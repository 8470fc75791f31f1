"""Conditions of a measurement: whether the machine was its own, and its repeats alike."""

from __future__ import annotations

from dataclasses import dataclass

MOST_OTHERS = 0.10
"""Share of the cores that others may take before figures of time are called those of a busy machine."""

MOST_SPREAD = 0.15
"""Share of a figure by which its repeats may differ before it is called that of a busy machine."""


@dataclass(frozen=True)
class Conditions:
    """Load of the machine during the measurement of a report."""

    others: float | None = None
    """Share of the cores that other processes took, 0..1; None where nothing tells."""

    @property
    def said(self) -> str:
        """Phrase for the report."""
        if self.others is None:
            return "not known: the system does not tell"
        return f"{100 * self.others:.0f} % of the cores" + (" (busy)" if self.others > MOST_OTHERS else "")

    def reason(self, spread: float | None) -> str | None:
        """Phrase that says why a figure of time may be wrong; None where nothing speaks against it.

        Args:
            spread: what its repeats differ by, as a share of it; None where that is not known.
        """
        reasons = []
        if self.others is not None and self.others > MOST_OTHERS:
            reasons.append(f"other processes took {100 * self.others:.0f} % of the cores")
        if spread is not None and spread > MOST_SPREAD:
            reasons.append(f"its repeats differ by {100 * spread:.0f} %")
        return " and ".join(reasons) or None
