"""Exporting messages as a file: permissions, contents, and no formulas."""

import asyncio
import csv
import io
import re
import shutil
import subprocess
import tracemalloc
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.contrib.admin.models import LogEntry
from django.db import connections
from django.test import AsyncClient
from django.utils import translation

from django_front_sms.admin.export import formats, views
from django_front_sms.models import OutboundMessage
from django_front_sms.states import State
from tests.factories import InboundMessageFactory, OutboundMessageFactory, at

pytestmark = pytest.mark.django_db

SENT, CAME = "/admin/front_sms/outboundmessage/", "/admin/front_sms/inboundmessage/"


@pytest.fixture
def exporter(login):
    return login("view_outboundmessage", "view_inboundmessage", "export_outboundmessage", "export_inboundmessage")


def take(browser, address: str = SENT, query: str = "", *, form: str = "comma", **data):
    return browser.post(f"{address}export/{query}", {"format": form, **data})


def rows(answer, separator: str = ",") -> list[dict[str, str]]:
    content = b"".join(answer.streaming_content)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=separator))


# ---- Who may


@pytest.mark.parametrize(
    "permissions",
    [["view_outboundmessage"], ["export_outboundmessage"], ["view_outboundmessage", "export_inboundmessage"]],
)
def test_exporting_requires_permission_to_view_and_to_export(login, permissions):
    OutboundMessageFactory()
    browser = login(*permissions)

    assert browser.get(f"{SENT}export/").status_code == 403
    assert take(browser).status_code == 403
    assert not LogEntry.objects.exists()


def test_lists_offer_the_export_only_with_its_permission(exporter, viewer):
    OutboundMessageFactory()

    assert "export/?q=999" in exporter.get(SENT, {"q": "999"}).content.decode()
    assert "export" not in viewer.get(SENT).content.decode()


def test_a_get_request_exports_nothing(exporter):
    OutboundMessageFactory()

    answer = exporter.get(f"{SENT}export/")

    assert answer["Content-Type"].startswith("text/html") and "1 outgoing message<" in answer.content.decode()
    assert not LogEntry.objects.exists()


def test_an_export_requested_by_another_site_is_refused(exporter):
    exporter.handler.enforce_csrf_checks = True

    assert take(exporter).status_code == 403


def test_the_history_records_an_export_without_the_searched_number(exporter):
    OutboundMessageFactory(state=State.SENT)

    take(exporter, query="?state__exact=sent&q=99999999")

    entry = LogEntry.objects.get()
    assert entry.user.username.startswith("staff") and str(entry) != ""
    assert entry.object_repr == "Export of sent messages"
    assert entry.change_message == "comma: state__exact=sent, q=…"


@pytest.mark.parametrize(
    "query", ["recipient=%2B4799999999", "recipient__startswith=%2B479999", "error_text__contains=Kari"]
)
def test_the_history_contains_no_number_or_word_of_a_filter(exporter, query):
    take(exporter, query=f"?{query}&priority__exact=0")

    assert LogEntry.objects.get().change_message == f"comma: {query.partition('=')[0]}=…, priority__exact=0"


@pytest.mark.parametrize("ticked", ["x", "", "9" * 30, "9" * 5000])
def test_a_selection_without_rows_exports_nothing(exporter, ticked):
    OutboundMessageFactory()

    assert rows(take(exporter, _selected_action=[ticked])) == []


# ---- What is in it


def test_an_outbound_message_is_exported_as_a_row(exporter):
    sms = OutboundMessageFactory(retried=True, text='Hei «Kari»; kl. 10,\n"ja"')

    answer = take(exporter)

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="sent-messages-2')
    (row,) = rows(answer)
    assert row["Text"] == 'Hei «Kari»; kl. 10,\n"ja"'
    assert row["Recipient"] == "+4799999999" and row["State"] == "delivered" and row["ID"] == str(sms.pk)
    assert row["Created (Europe/Oslo)"] == "2026-03-02 13:00:00" and row["Front's id"] == "145099"
    assert row["Created by"] == "" and row["Error code"] == ""


def test_an_inbound_message_is_exported_as_a_row_without_its_bytes(exporter):
    InboundMessageFactory(text="JA", problem="keyword is missing")

    (row,) = rows(take(exporter, CAME))

    assert row["Text"] == "JA" and row["Sender"] == "+4799999999" and row["Problem"] == "keyword is missing"
    assert not any("as it came" in title.lower() for title in row)


def test_an_export_contains_the_filtered_rows(exporter):
    wanted = OutboundMessageFactory(recipient="+4791234567", state=State.SENT)
    OutboundMessageFactory(recipient="+4791234567")
    OutboundMessageFactory(state=State.SENT)

    found = rows(take(exporter, query="?q=912 34 567&state__exact=sent"))

    assert [row["ID"] for row in found] == [str(wanted.pk)]


def test_only_selected_rows_are_exported_and_recorded(exporter):
    first, _other, last = OutboundMessageFactory(), OutboundMessageFactory(), OutboundMessageFactory()
    ticked = {"_selected_action": [first.pk, last.pk]}

    page = exporter.post(SENT, {"action": "export_ticked", **ticked}).content.decode()
    found = rows(take(exporter, **ticked))

    assert f'value="{first.pk}"' in page and "2 sent messages" in page
    assert [row["ID"] for row in found] == [str(last.pk), str(first.pk)]
    assert LogEntry.objects.get().change_message == f"comma: #{first.pk}, #{last.pk}"


def test_selecting_all_exports_every_page(exporter):
    for _ in range(3):
        OutboundMessageFactory()

    page = exporter.post(SENT, {"action": "export_ticked", "select_across": "1", "_selected_action": ["1"]})

    assert "3 sent messages" in page.content.decode() and 'name="_selected_action"' not in page.content.decode()


def test_each_row_is_exported_once_over_several_pages(exporter, monkeypatch):
    monkeypatch.setattr(views, "PAGE", 2)
    pks = [OutboundMessageFactory().pk for _ in range(6)]

    assert [int(row["ID"]) for row in rows(take(exporter))] == pks[::-1]


def test_rows_that_are_added_during_the_export_do_not_disturb_it(exporter, monkeypatch):
    monkeypatch.setattr(views, "PAGE", 2)
    pks = [OutboundMessageFactory().pk for _ in range(4)]
    chunks = iter(take(exporter).streaming_content)
    first_chunks = [next(chunks), next(chunks), next(chunks)]

    OutboundMessageFactory()
    content = b"".join([*first_chunks, *chunks]).decode("utf-8-sig")

    assert [int(row["ID"]) for row in csv.DictReader(io.StringIO(content))] == pks[::-1]


def test_headings_and_states_are_in_the_readers_language(exporter):
    OutboundMessageFactory(state=State.AT_OPERATOR)

    answer = exporter.post(f"{SENT}export/", {"format": "semicolon"}, headers={"Accept-Language": "nb"})
    with translation.override("en"):  # the stream is read when the request is over
        (row,) = rows(answer, ";")

    assert row["Tilstand"] == "hos operatøren" if "Tilstand" in row else "hos operatøren" in row.values()


def test_the_separator_is_a_semicolon_in_locales_with_a_decimal_comma(exporter):
    norwegian = exporter.get(f"{SENT}export/", headers={"Accept-Language": "nb"}).content.decode()
    english = exporter.get(f"{SENT}export/", headers={"Accept-Language": "en"}).content.decode()

    assert norwegian.index("semicolon") < norwegian.index('"comma"')
    assert english.index('"comma"') < english.index("semicolon")


# ---- Formulas


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        " =1+1",
        "\u00a0=1",
        "＝1+1",
        "＋1",
        "－1",
        "＠x",
        "=cmd|' /C calc'!A0",
        "+47 99999999",
        "+4799999999=1",
    ],
)
def test_no_text_becomes_a_formula(exporter, text):
    OutboundMessageFactory(text=text)

    (row,) = rows(take(exporter))

    assert row["Text"].startswith("'") and row["Text"].replace("'", "") == text.replace("'", "")


HIDDEN = ["\u200b=1", "\ufeff+1+1", "\xad@x", "\x01-1+1", "\x7f=1", "\u2066=1", "\u200b \ufeff=1", '"=1']
BEHIND = [
    "hi\n=1+1,x",
    "a;=1",
    "a,=1",
    "a\t=1",
    "a\r=1",
    "a, -1+1",
    "a;\u200b=1",
    'a\n"=1',
    "a,+4799999999-1",
    "x\r\n@y",
]


@pytest.mark.parametrize("written", ["comma", "semicolon"])
@pytest.mark.parametrize("read", [",", ";", "\t", "|"])
def test_no_text_becomes_a_formula_with_another_separator(exporter, written, read):
    for text in (*HIDDEN, *BEHIND):
        OutboundMessageFactory(text=text)

    content = b"".join(take(exporter, form=written).streaming_content).decode("utf-8-sig")
    lines = csv.reader(io.StringIO(content, newline=""), delimiter=read)
    cells = [cell for line in lines for cell in line]

    assert len(cells) > len(HIDDEN + BEHIND)
    starts = [re.sub(r'[\s\x00-\x1f\x7f\xad\u200b\u2066\ufeff"]+', "", cell) for cell in cells]
    formulas = [cell for cell in starts if cell.startswith(("=", "+", "-", "@")) and not re.match(r"\+\d+(\W|$)", cell)]
    assert formulas == []


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize("separator", [59, 9])
def test_libreoffice_finds_no_formula_with_any_separator(exporter, tmp_path, separator):
    for text in (*HIDDEN, *BEHIND):
        OutboundMessageFactory(text=text)
    (tmp_path / "export.csv").write_bytes(b"".join(take(exporter).streaming_content))
    (tmp_path / "control.csv").write_text("\ufeffTitle\n=1+1\n", encoding="utf-8")

    _convert(tmp_path, separator, "export.csv", "control.csv")

    assert "of:=1+1" in _formulas(tmp_path / "control.fods")
    assert _formulas(tmp_path / "export.fods") == []


def _convert(folder, separator, *names):
    # Field separator, text delimiter, UTF-8, first line, no column formats, language, quoted as text: no, detect
    # special numbers: no, as shown, no formulas, …, evaluate formulas: yes
    options = f"CSV:{separator},34,76,1,,0,false,false,true,false,false,0,true"
    command = ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", f"--infilter={options}"]
    command += ["--convert-to", "fods", "--outdir", str(folder), *(str(folder / name) for name in names)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def _formulas(sheet):
    return re.findall(r'table:formula="([^"]*)"', sheet.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "text", ["Hei", "1-1", "", "a=1", "'=1", "+4799999999", "æøå €", "Ring +4799999999, eller vent"]
)
def test_cells_that_are_no_formulas_are_unchanged(text):
    assert formats.harmless(text) == text


def test_every_cell_is_quoted_so_that_no_other_separator_starts_one(exporter):
    OutboundMessageFactory(text='a;=1+1;"=2";b\t=3')

    line = b"".join(take(exporter).streaming_content).decode("utf-8-sig").splitlines()[1]

    assert '"a;\'=1+1;\'""=2"";b\t\'=3"' in line
    assert line.startswith('"') and line.endswith('"')


# ---- Large tables


def test_memory_does_not_depend_on_the_number_of_rows(exporter):
    row = {"account": "default", "recipient": "+4799999999", "sender": "x", "text": "x" * 900, "created_at": at(0)}
    OutboundMessage.objects.bulk_create((OutboundMessage(**row) for _ in range(20_000)), batch_size=500)
    answer = take(exporter)
    tracemalloc.start()

    size = sum(len(chunk) for chunk in answer.streaming_content)

    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 18_000_000 and peak < size / 4


def test_the_export_is_streamed_under_asgi_too(exporter, monkeypatch, transactional_db):
    monkeypatch.setattr(views, "PAGE", 2)
    for _ in range(5):
        OutboundMessageFactory()
    cookies = exporter.cookies

    async def chunks() -> list[bytes]:
        browser = AsyncClient()
        browser.cookies = cookies
        answer = await browser.post(f"{SENT}export/", {"format": "comma"})
        assert answer.is_async
        found = [chunk async for chunk in answer.streaming_content]
        await sync_to_async(connections.close_all)()
        return found

    assert len(asyncio.run(chunks())) == 2 + 3


# ---- Excel's own format


def test_a_workbook_holds_texts_as_texts_and_times_as_times(exporter):
    pytest.importorskip("xlsxwriter")
    import re
    import zipfile

    OutboundMessageFactory(text='=HYPERLINK("http://x")', scheduled_at=at(0) + timedelta(hours=1))

    content = b"".join(take(exporter, form="xlsx").streaming_content)
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()

    assert "<f>" not in sheet and "=HYPERLINK" in sheet and "+4799999999" in sheet
    assert re.search(r"<v>46083\.5833\d*</v>", sheet)  # 14:00 in Oslo on 2 March 2026


def test_too_many_rows_for_a_workbook_are_an_error(exporter, monkeypatch):
    pytest.importorskip("xlsxwriter")
    monkeypatch.setattr(formats, "XLSX_ROWS", 1)
    OutboundMessageFactory(), OutboundMessageFactory()

    answer = take(exporter, form="xlsx")

    assert "cannot hold so many rows" in answer.content.decode() and not LogEntry.objects.exists()


def test_without_the_library_a_workbook_is_not_offered(exporter, monkeypatch):
    monkeypatch.setattr(formats, "can_write_xlsx", lambda: False)
    OutboundMessageFactory()

    assert "xlsx" not in exporter.get(f"{SENT}export/").content.decode()
    assert take(exporter, form="xlsx")["Content-Type"].startswith("text/html")
