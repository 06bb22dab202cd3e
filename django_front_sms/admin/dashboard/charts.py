"""The geometry of charts: the positions of the bars, points and labels of an SVG. `chart.html` draws them, and shows
the same numbers as a table. Bars and cells, of which there are hundreds, are rendered here: a template takes ten times
as long.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from math import floor, log10
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDE, NARROW, HEIGHT = 900, 440, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 72, 8, 12, 26  # the scale is on the left
_STEPS = (1, 2, 4, 6, 8, 10)


@dataclass(frozen=True, slots=True)
class Series:
    """`level` names the colour and the pattern, as badges have them."""

    level: str
    label: Any


@dataclass(frozen=True, slots=True)
class Column:
    """The full `label`, the `tick` under the axis (empty: none), and one value for each series, from the bottom up.
    None is a missing value, as opposed to 0."""

    label: str
    tick: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Box:
    x: int
    y: int
    width: int
    height: int
    level: str

    @property
    def drawn(self) -> SafeString:
        # Whole numbers and a constant: nothing needs to be escaped, and numbers must not be localized.
        return SafeString(
            f'<rect class="fs-bar fs-{self.level}" x="{self.x}" y="{self.y}" width="{self.width}" '
            f'height="{self.height}" fill="url(#fs-{self.level})"/>'
        )


@dataclass(frozen=True, slots=True)
class Mark:
    """A label at the edge of the chart, and its line."""

    at: int
    words: str


@dataclass(frozen=True)
class Chart:
    """A chart. `written` formats a value. `top`: the highest value on the axis; None: computed from the values. It is
    false without any value."""

    key: str
    title: Any
    series: Sequence[Series]
    columns: Sequence[Column]
    written: Callable[[float], str]
    top: float | None = None
    is_line: bool = False
    is_wide: bool = False
    note: Any = ""

    height = HEIGHT
    left, bottom = _LEFT, HEIGHT - _BOTTOM

    def __bool__(self) -> bool:
        return any(any(column.values) for column in self.columns)

    @property
    def width(self) -> int:
        return WIDE if self.is_wide else NARROW

    @property
    def right(self) -> int:
        return self.width - _RIGHT

    @cached_property
    def highest(self) -> float:
        return self.top or _round_up(max((_sum(column) for column in self.columns), default=0))

    @property
    def rows(self) -> list[Mark]:
        """The horizontal lines, from the bottom up."""
        return [Mark(self._y(part * self.highest), self.written(part * self.highest)) for part in (0, 0.5, 1)]

    @property
    def ticks(self) -> list[Mark]:
        return [Mark(self._middle(n), column.tick) for n, column in enumerate(self.columns) if column.tick]

    @property
    def stacks(self) -> list[tuple[str, list[Box]]]:
        """The hint and the boxes of each column."""
        return [(self._hint(column), self._boxes(n, column)) for n, column in enumerate(self.columns)]

    @property
    def bars(self) -> SafeString:
        """The stacks as SVG, each with its hint, which is also shown above a low bar."""
        drawn = (
            (hint, self._column(n), _together(box.drawn for box in boxes))
            for n, (hint, boxes) in enumerate(self.stacks)
            if boxes
        )
        return format_html_join("", "<g><title>{}</title>{}{}</g>", drawn)

    def _column(self, n: int) -> SafeString:
        """An invisible rectangle of the whole height of a column."""
        x, height = self._edge(n), self.bottom - _TOP
        return SafeString(
            f'<rect class="fs-hit" x="{x}" y="{_TOP}" width="{self._edge(n + 1) - x}" height="{height}"/>'
        )

    @property
    def points(self) -> list[tuple[str, int, int]]:
        """For a line: the hint and the position of each point."""
        known = ((n, column) for n, column in enumerate(self.columns) if column.values[0] is not None)
        return [(self._hint(column), self._middle(n), self._y(column.values[0] or 0)) for n, column in known]

    @property
    def table(self) -> list[tuple[str, list[str]]]:
        """The columns with any value, the latest first."""
        filled = (column for column in reversed(self.columns) if _sum(column) or self.is_line)
        return [(column.label, [self._cell(value) for value in column.values]) for column in filled]

    @property
    def table_rows(self) -> SafeString:
        """The rows of the table as HTML."""
        in_cell = cache(partial(format_html, "<td>{}</td>"))
        rows = ((label, _together(map(in_cell, cells))) for label, cells in self.table)
        return format_html_join("", '<tr><th scope="row">{}</th>{}</tr>', rows)

    @cached_property
    def _labels(self) -> list[str]:
        return [str(series.label) for series in self.series]  # translated once, not for each column

    @cached_property
    def _in_words(self) -> Callable[[float], str]:
        return cache(self.written)  # hints and table contain the same few numbers

    def _cell(self, value: float | None) -> str:
        return "–" if value is None else self._in_words(value)

    def _hint(self, column: Column) -> str:
        named = zip(self._labels, column.values, strict=True)
        parts = [f"{label}: {self._in_words(value)}" for label, value in named if value]
        return f"{column.label}\n" + "\n".join(parts or [self._in_words(0)])

    def _boxes(self, n: int, column: Column) -> list[Box]:
        gap = 1 if self._edge(1) - self._edge(0) < 20 else 3
        x, width = self._edge(n) + gap, max(self._edge(n + 1) - self._edge(n) - 2 * gap, 1)
        boxes, so_far = [], 0.0
        for series, value in zip(self.series, column.values, strict=True):
            if value:
                bottom, so_far = self._y(so_far), so_far + value
                top = min(self._y(so_far), bottom - 1)  # one of a million is still visible
                boxes.append(Box(x, top, width, bottom - top, series.level))
        return boxes

    def _edge(self, n: int) -> int:
        return _LEFT + round((self.right - _LEFT) * n / max(len(self.columns), 1))

    def _middle(self, n: int) -> int:
        return (self._edge(n) + self._edge(n + 1)) // 2

    def _y(self, value: float) -> int:
        return self.bottom - round((self.bottom - _TOP) * value / self.highest)


def _together(pieces: Iterable[SafeString]) -> SafeString:
    return SafeString("".join(pieces))


def _sum(column: Column) -> float:
    return sum(value for value in column.values if value)


def _round_up(value: float) -> float:
    """The next number that is easy to read, and half of which is, too."""
    if value <= 2:
        return 2
    ten = 10.0 ** floor(log10(value))
    return next(step * ten for step in _STEPS if step * ten >= value)
