"""`make screenshots`: screenshots of the admin in light, in dark and on a phone, in English and in Norwegian, into
docs/screenshots/. `make screenshots ARGS="dashboard composer"` takes only these.

Needs Chromium (CHROMIUM names it) and the `dev` extra. The messages are invented (`messages.py`), and live
in a database of their own.
"""

import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import quote
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "docs" / "screenshots"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
PHONE, WIDE = (390, 844), (1280, 800)
TALL_PHONE, TALL = (390, 1200), (1280, 1100)  # the height that the composer needs
SHOTS = (  # screen, theme, language, size
    ("dashboard", "light", "en", WIDE),
    ("dashboard", "dark", "nb", WIDE),
    ("dashboard", "light", "nb", PHONE),
    ("messages", "light", "en", WIDE),
    ("messages", "dark", "nb", WIDE),
    ("messages", "light", "nb", PHONE),
    ("message", "light", "en", WIDE),
    ("message", "dark", "nb", WIDE),
    ("message", "dark", "en", PHONE),
    ("unconfirmed", "light", "nb", WIDE),
    ("composer", "light", "en", TALL),
    ("composer", "dark", "nb", TALL),
    ("composer", "light", "nb", TALL_PHONE),
    ("conversation", "light", "en", WIDE),
    ("conversation", "dark", "nb", WIDE),
    ("conversation", "light", "nb", PHONE),
    ("mms", "light", "en", WIDE),
    ("export", "light", "nb", WIDE),
)


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


def main(*wanted: str) -> None:
    sys.path.insert(0, str(ROOT))
    target = Path(os.environ.get("TARGET") or TARGET)
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["DATABASE_URL"] = f"sqlite:///{scratch}/pictures.sqlite3"
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
        application = set_up(Path(scratch))
        from docs.screenshots import messages, phones, walkthrough

        server = make_server("127.0.0.1", 0, application, Server, Quiet)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            take(f"http://127.0.0.1:{server.server_port}", messages.fill(), target, wanted)
        finally:
            server.shutdown()
    if not wanted or "phones" in wanted:
        phones.main(target)
    if not wanted or "walkthrough" in wanted:
        walkthrough.main(target)


def set_up(scratch: Path) -> Any:
    import django
    from django.conf import settings
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    # Always in the afternoon: at midnight, the dashboard has no data of the day.
    settings.TIME_ZONE = f"Etc/GMT{max(datetime.now(UTC).hour - 15, -14):+d}"
    django.setup()
    settings.MEDIA_ROOT = str(scratch / "media")
    settings.DEBUG = True  # static files are served from the packages
    account = {**settings.FRONT_SMS["ACCOUNTS"]["default"], "SENDER": "Klinikken"}
    ours = {"ACCOUNTS": {"default": account}, "PRICE_PER_SEGMENT": Decimal("0.55")}
    settings.FRONT_SMS = {**settings.FRONT_SMS, **ours, "CONTACTS": "docs.screenshots.messages.Patients"}
    call_command("migrate", verbosity=0)
    return StaticFilesHandler(get_wsgi_application())


def take(address: str, pages: dict[str, str], target: Path, wanted: Sequence[str]) -> None:
    from playwright.sync_api import sync_playwright

    from docs.screenshots.pictures import save

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, theme, language, (width, height) in SHOTS:
            if wanted and name not in wanted:
                continue
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=theme,
                locale=language,
                reduced_motion="reduce",
            )
            context.set_default_timeout(120_000)
            page = context.new_page()
            page.goto(f"{address}/admin/login/?next={quote(pages[name])}")
            page.fill("#id_username", "kari")
            page.fill("#id_password", "kari")
            page.press("#id_password", "Enter")
            page.wait_for_url(f"{address}{pages[name]}")
            if name == "composer":
                _write(page)
            page.wait_for_function("[...document.images].every(image => image.complete || image.loading === 'lazy')")
            page.wait_for_timeout(500)  # scripts update the page
            parts = [name, *(["phone"] if width == PHONE[0] else []), theme, *([language] if language != "en" else [])]
            clip = {"x": 0, "y": 0, "width": width, "height": _height(page, height)}
            save(page.screenshot(full_page=clip["height"] > height, clip=clip), target / f"{'-'.join(parts)}.png")
            print(f"{'-'.join(parts)}.png")
            context.close()
        browser.close()


def _write(page: Any) -> None:
    """Write a message with errors: an invalid number, an opt-out, and characters outside GSM."""
    page.fill("[name=to]", "999 99 999\n+47 92 34 56 78\n933 33 333\n12")
    page.fill("[name=text]", "Hei! Timen din torsdag kl. 10–11 er bekreftet. Passer det ikke… svar på denne meldingen.")
    page.wait_for_timeout(1500)  # the numbers are checked after a pause in typing


def _height(page: Any, at_most: int) -> int:
    """The height of the content, at most one and a half screens; for the dashboard, all of it.

    For the composer one screen, because its button stays at the bottom of the window."""
    if page.locator(".fs-composer").count():
        return at_most
    height = int(page.evaluate("document.documentElement.scrollHeight"))
    return height if page.locator(".fs-tiles").count() else min(height, at_most * 3 // 2)


if __name__ == "__main__":
    main(*sys.argv[1:])
