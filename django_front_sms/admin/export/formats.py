"""Rows as files for a spreadsheet: CSV, and XLSX if XlsxWriter is installed (the `xlsx` extra).

Texts are untrusted, so no cell may become a formula.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from importlib.util import find_spec
from io import StringIO
from tempfile import TemporaryFile
from typing import IO, Any

BOM = "\ufeff"  # without it, Excel takes UTF-8 for Windows-1252
XLSX_ROWS = 100_000  # a workbook is written as a whole before its first byte leaves

# Characters that programs skip before a formula: white space, control characters, invisible ones and quotes.
_SKIPPED = r"[\s\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\"]*"
_NUMBER = r"\+[0-9]{1,20}(?=[,;\t\r\n]|\Z)"  # a plus and digits alone are a number in every program
_FORMULA = re.compile(rf"(?:\A|(?<=[,;\t\r\n]))(?={_SKIPPED}(?!{_NUMBER})[=+\-@＝＋－＠])")


def harmless(text: str) -> str:
    """`text` with an apostrophe before everything that a spreadsheet could interpret as the start of a formula.

    A formula begins with `=`, `+`, `-`, `@` or one of their full-width forms: at the start of the cell, or after a
    comma, semicolon, tab or line break, which may begin a cell if the file is read with another separator. Invisible
    characters before the sign do not hide it. Phone numbers such as `+4799999999` stay as they are.
    """
    marked = _FORMULA.sub("'", text)
    return f"'{marked}" if marked[:1] in ("\t", "\r", "\n") else marked


def csv_chunks(titles: Sequence[str], pages: Iterable[Sequence[Sequence[Any]]], separator: str) -> Iterator[bytes]:
    """A CSV file in UTF-8, page by page. All cells are quoted."""
    yield BOM.encode()
    yield _lines([titles], separator)
    for page in pages:
        yield _lines(page, separator)


def _lines(rows: Iterable[Sequence[Any]], separator: str) -> bytes:
    written = StringIO(newline="")
    out = csv.writer(written, delimiter=separator, quoting=csv.QUOTE_ALL)
    out.writerows([_cell(value) for value in row] for row in rows)
    return written.getvalue().encode("utf-8", errors="replace")


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return "" if value is None else harmless(str(value))


def can_write_xlsx() -> bool:
    return find_spec("xlsxwriter") is not None


def xlsx(titles: Sequence[str], pages: Iterable[Sequence[Sequence[Any]]]) -> IO[bytes]:
    """A workbook as an open file. Rows go to disk as they come; texts are written as strings, never as formulas."""
    import xlsxwriter

    file = TemporaryFile()  # noqa: SIM115  (the response closes it)
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"})
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(titles) - 1, 18)
    heading = book.add_format({"bold": True})
    for column, title in enumerate(titles):
        sheet.write_string(0, column, title, heading)
    for number, row in enumerate((row for page in pages for row in page), start=1):
        for column, value in enumerate(row):
            _write(sheet, number, column, value)
    book.close()
    file.seek(0)
    return file


def _write(sheet: Any, row: int, column: int, value: Any) -> None:
    if isinstance(value, datetime):
        sheet.write_datetime(row, column, value)
    elif isinstance(value, int) and abs(value) < 10**15:  # Excel keeps 15 digits
        sheet.write_number(row, column, value)
    elif value is not None:
        sheet.write_string(row, column, str(value))
