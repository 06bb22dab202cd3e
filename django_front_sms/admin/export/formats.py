"""Rows as files for a spreadsheet: CSV, and Excel's own format where XlsxWriter is installed (the `xlsx` extra).

Texts come from strangers: no cell can become a formula.
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

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # Excel takes the full-width forms, too
_PHONE_NUMBER = re.compile(r"\+[0-9]{1,20}", re.ASCII)


def harmless(text: str) -> str:
    """`text` as no spreadsheet takes it for a formula: an apostrophe leads what could be one. A phone number stays as
    it is: a plus and digits are a number, whoever reads them."""
    could_be = text[:1] in ("\t", "\r", "\n") or text.lstrip().startswith(_FORMULA)
    return f"'{text}" if text and could_be and not _PHONE_NUMBER.fullmatch(text) else text


def csv_chunks(titles: Sequence[str], pages: Iterable[Sequence[Sequence[Any]]], separator: str) -> Iterator[bytes]:
    """A CSV file in UTF-8, page by page. All cells are quoted, so that none of another program's separators starts a
    new one."""
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
    """A workbook, ready to be read. Its rows go to disk as they come; every text is a text, whatever it looks like."""
    import xlsxwriter

    file = TemporaryFile()  # noqa: SIM115  (whoever sends it closes it)
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
