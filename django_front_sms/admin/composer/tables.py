"""A table of recipients: a number in each row, and values for the `{placeholders}` of the text."""

import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.formats import localize
from django.utils.translation import gettext as _

from django_front_sms.admin.composer.recipients import Entry
from django_front_sms.conf import get_settings
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.gateway.numbers import as_text
from django_front_sms.sending.validation import check_text
from django_front_sms.texts import fill_text

_NUMBER_COLUMNS = ("number", "phone", "mobile", "telephone", "to", "nummer", "mobil", "telefon", "tlf", "mobilnummer")
LARGEST_FILE = 2 * 2**20  # bytes
MAX_COLUMNS = 30


@dataclass(frozen=True, slots=True)
class Table:
    """The columns by name, and the rows: the number of the line, the phone number, and the values by column."""

    columns: tuple[str, ...]
    rows: list[tuple[int, str, dict[str, str]]]


def read_table(pasted: str) -> Table:
    """Read a table whose first line names the columns, separated by semicolons, tabs or commas.

    The phone numbers are in the column named number, phone or similar, otherwise in the first one. Raises
    `ValidationError` if the first line does not name the columns.
    """
    lines = [line for line in enumerate(_lines(pasted), 1) if any(cell.strip() for cell in line[1])]
    if not lines:
        return Table((), [])
    columns = tuple(_column(cell) for cell in lines[0][1][:MAX_COLUMNS])
    _check_columns(columns)
    place = next((n for n, column in enumerate(columns) if column.casefold() in _NUMBER_COLUMNS), 0)
    return Table(columns, [_row(line, cells, columns, place) for line, cells in lines[1:]])


def _check_columns(columns: tuple[str, ...]) -> None:
    named = [column for column in columns if column]
    if len(columns) < 2 or not all(column.isidentifier() for column in named):
        raise ValidationError(_("Name the columns in the first line, such as number;name;time."))
    if repeated := [column for column in named if named.count(column) > 1]:
        raise ValidationError(_("Two columns are called %(name)s. Give them different names.") % {"name": repeated[0]})


def _row(line: int, cells: list[str], columns: tuple[str, ...], place: int) -> tuple[int, str, dict[str, str]]:
    """The line, the number in the column `place`, and the values by the names of their columns."""
    written = [cell.strip() for cell in cells]
    values = {column: value for column, value in zip(columns, written, strict=False) if column and value}
    return line, written[place] if place < len(written) else "", values


def _lines(pasted: str) -> Iterable[list[str]]:
    text = pasted.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    head = next((line for line in text.split("\n") if line.strip()), "")
    separator = max("\t;,", key=head.count)
    try:
        return list(csv.reader(io.StringIO(text), delimiter=separator))
    except csv.Error:
        raise ValidationError(_("This table cannot be read. Save it as CSV, and try again.")) from None


def _column(cell: str) -> str:
    return "_".join(cell.strip().strip("{}").split())


def personal_entries(table: Table, text: str) -> tuple[list[Entry], list[Entry]]:
    """An entry with its own text for each row, and the rows whose text cannot be sent, with the reason."""
    good, bad = [], []
    for line, number, values in table.rows:
        entry = Entry(line, number or "–", name=values.get("name", ""))
        try:
            personal = fill_text(text, values)
            check_text(personal, None, get_settings())
        except InvalidMessage as error:
            bad.append(replace(entry, reason=_why_no_text(error)))
        else:
            good.append(replace(entry, text=personal))
    return good, bad


def _why_no_text(error: InvalidMessage) -> str:
    if error.code == "text_too_long":
        return _("Its text is too long: at most %(limit)s characters.") % {"limit": get_settings().max_text_length}
    return str(error)


# Files


def read_file(upload: Any) -> str:
    """The first sheet of an Excel file, or a CSV file, as the text of a table. Raises `ValidationError`."""
    if (upload.size or 0) > LARGEST_FILE:
        raise ValidationError(_("This file is too large: at most %(n)s MB.") % {"n": LARGEST_FILE // 2**20})
    content: bytes = upload.read()
    if content.startswith(b"PK"):
        return _as_csv(_rows_of_workbook(content))
    for encoding in ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252"):
        with suppress(UnicodeDecodeError):
            return content.decode(encoding)
    raise ValidationError(_("This table cannot be read. Save it as CSV, and try again."))


def _rows_of_workbook(content: bytes) -> Iterator[list[str]]:
    try:
        import openpyxl
    except ImportError:
        raise ValidationError(_("This site does not read Excel files. Save it as CSV, and try again.")) from None
    try:
        sheet = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True).worksheets[0]
        for row in islice(sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS), 20_000):
            yield [_cell(value) for value in row]
    except Exception as error:  # openpyxl does not wrap the exceptions of its dependencies
        raise ValidationError(_("This Excel file cannot be read. Save it as CSV, and try again.")) from error


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a phone number that Excel stored as a float
    if isinstance(value, datetime) and value.time() == datetime.min.time():
        value = value.date()
    if isinstance(value, date):
        return str(localize(value))
    return f"{value:%H:%M}" if hasattr(value, "hour") else as_text(value)


def _as_csv(rows: Iterable[Iterable[str]]) -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=";", lineterminator="\n").writerows(rows)
    return written.getvalue()


def table_of(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A table in the composer's format, from values of any type; dates and times in the active language."""
    cells = ([str(localize(value)) if isinstance(value, date) else _cell(value) for value in row] for row in rows)
    return _as_csv([list(columns), *cells])
