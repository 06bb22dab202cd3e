"""A row of the table: a measurement, the value it is compared with, and its target."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass
class Row:
    """`ours` and `theirs` have a figure for each round, in `unit`s; `theirs` may be empty.

    `ratio_of_theirs`: the aim applies to the ratio ours / theirs.
    """

    what: str
    ours: Sequence[float]
    theirs: Sequence[float] = ()
    unit: str = "/s"
    at_least: float | None = None
    at_most: float | None = None

    @property
    def figure(self) -> float:
        """The figure that is compared with the aim: the ratio of the medians, or the median."""
        own = statistics.median(self.ours)
        return own / statistics.median(self.theirs) if self.theirs else own

    @property
    def reached(self) -> bool | None:
        """Whether the aim was reached; None without an aim."""
        if self.at_least is not None:
            return self.figure >= self.at_least
        return self.figure <= self.at_most if self.at_most is not None else None

    @property
    def aim(self) -> str:
        if self.at_least is not None:
            return f"≥ {self.at_least:,g}"
        return f"≤ {self.at_most:,g}" if self.at_most is not None else ""


@dataclass
class Options:
    """The options of a run. `step` updates the text of the progress bar."""

    rounds: int = 5
    count: int = 5000
    rows: int = 1_000_000
    step: Callable[[str], None] = field(default=lambda text: None)

    def in_turn(self, what: str, *works: Callable[[], T]) -> list[list[T]]:
        """Run all alternately, once to warm up and then `rounds` times; each is first in equally many rounds."""
        for work in reversed(works):
            work()
        found: list[list[T]] = [[] for _ in works]
        for number in range(self.rounds):
            self.step(f"{what}, round {number + 1} of {self.rounds}")
            for place in range(len(works)):
                which = (number + place) % len(works)
                found[which].append(works[which]())
        return found
