"""What may be turned: how much happens, and how well or badly it is seen and told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from truceline.errors import UsageError

MODELS: Final = ("standard", "cascade", "barrage")
_SHARES: Final = ("strategic", "jamming", "night")


@dataclass(frozen=True, slots=True)
class Settings:
    """One simulated theatre: a line of 400 km in open ocean, watched from both sides.

    Attributes:
        model: what truly happens. `standard`: a Poisson cloud about hot spots, points in place and time. `cascade`: each
            incident calls forth others (Hawkes). `barrage`: not of the family of the fusion model: fire that walks along
            a front in steady rhythm, incidents with extent, observers who copy each other's place, errors that are gross
            now and then instead of bell-shaped, fabrications that support each other.
        density: incidents for each day and kilometre, against about a million reports a year.
        bias_deg: standard deviation of the lasting error of an observer's bearings; ranges and clocks err in proportion.
        copies: mean number of copies of a story by other outlets; half of them say whose they are.
        strategic: share of a party's claims that are made up, and again of those that are moved.
        misses: 1 as usual; 2: things are noticed only at half the distance.
        night: what is left of the chance of being noticed at night.
        jamming: share of hours in which cameras, arrays and drones of a stretch are blind.
        tails: degrees of freedom of Student's t of all errors; 0 for errors without heavy tails.
        false_reports: reports of nothing, 1 as usual (about a fifth of all).
    """

    model: str = "standard"
    density: float = 1.0
    bias_deg: float = 4.0
    copies: float = 0.7
    strategic: float = 0.08
    misses: float = 1.0
    night: float = 0.45
    jamming: float = 0.06
    tails: float = 3.0
    false_reports: float = 1.0

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise UsageError("SIM-009", "the model must be known", where="model", value=self.model, remedy=f"Known: {', '.join(MODELS)}.")  # fmt: skip
        for name in ("density", "misses"):
            value = getattr(self, name)
            if not 0.001 <= value <= 1000:
                raise UsageError("SIM-010", "the setting must lie within 0.001 and 1000", where=name, value=value, remedy="1 is the usual.")  # fmt: skip
        for name, most in (
            ("bias_deg", 90.0),
            ("copies", 50.0),
            ("tails", 1000.0),
            ("false_reports", 1000.0),
        ):
            value = getattr(self, name)
            if not 0 <= value <= most or (name == "tails" and 0 < value < 2):
                raise UsageError(
                    "SIM-011", f"the setting must lie within 0 and {most:g}", where=name, value=value,
                    remedy="Tails are 0 (none) or at least 2." if name == "tails" else "0 turns it off.",
                )  # fmt: skip
        for name in _SHARES:
            value = getattr(self, name)
            if not 0 <= value <= (0.45 if name == "strategic" else 1):
                raise UsageError("SIM-012", "the setting must be a share", where=name, value=value, remedy="Give 0 to 1; strategic at most 0.45.")  # fmt: skip
