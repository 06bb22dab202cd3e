"""`make screenshots`: the admin as people see it, in light, in dark and on a phone, into docs/screenshots/.

Needs Chromium (CHROMIUM names it) and the `dev` extra. The messages are invented and live in a database of their own.
"""

import os
import shutil
import sys
import tempfile
import threading
from datetime import timedelta
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "screenshots"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
PHONE, DESK = (390, 844), (1280, 800)
SHOTS = (
    ("messages", "light", DESK),
    ("messages", "light", PHONE),
    ("message", "light", DESK),
    ("message", "dark", DESK),
    ("message", "dark", PHONE),
    ("unconfirmed", "light", DESK),
    ("mms", "light", DESK),
    ("account", "dark", DESK),
)


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


def main() -> None:
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["DATABASE_URL"] = f"sqlite:///{scratch}/pictures.sqlite3"
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
        application = set_up(Path(scratch))
        server = make_server("127.0.0.1", 0, application, Server, Quiet)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            take(f"http://127.0.0.1:{server.server_port}", fill(), Path(os.environ.get("TARGET") or TARGET))
        finally:
            server.shutdown()
    from docs import screenshots_of_phones

    screenshots_of_phones.main(Path(os.environ.get("TARGET") or TARGET))


def set_up(scratch: Path) -> Any:
    import django
    from django.conf import settings
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    django.setup()
    settings.MEDIA_ROOT = str(scratch / "media")
    settings.DEBUG = True  # static files come straight from the packages
    call_command("migrate", verbosity=0)
    return StaticFilesHandler(get_wsgi_application())


def fill() -> dict[str, str]:
    """Invented messages; gives the pages to take pictures of."""
    from django.contrib.auth.models import User
    from django.utils import timezone

    from django_front_sms.models import Wait
    from django_front_sms.states import State
    from tests import stories

    kari = User.objects.create_superuser("kari", password="kari")
    stories.NOON = timezone.now().replace(microsecond=0) - timedelta(minutes=9)
    for number, (state, text, fields) in enumerate(_others(State)):
        stories.message(state=state, text=text, created_at=stories.at(number * 7), **fields)
    rich = stories.delivered(created_by=kari, text="Hei! Du har time torsdag kl. 10.00. Svar JA for å bekrefte.")
    lost = stories.unconfirmed(created_by=kari, text="Strømmen er tilbake kl. 14.30.", recipient="+4798765432")
    later = timezone.now() + timedelta(minutes=2)
    stories.message(waits_for=Wait.TWIN, next_at=later, text=rich.text, metadata={"resend_of": rich.pk})
    mms = _mms(stories)
    stories.inbound(text="Kommer litt senere, er det greit?", keyword="KOMMER", sender="+4792345678", counter=7168)
    stories.inbound(text="", keyword="", problem="The body is not JSON.", sender="", recipient="", counter=None)
    account = stories.paused(5)
    pages = {
        "messages": "outboundmessage/",
        "message": f"outboundmessage/{rich.pk}/change/",
        "unconfirmed": f"outboundmessage/{lost.pk}/change/",
        "mms": f"inboundmessage/{mms.pk}/change/",
        "inbound": "inboundmessage/",
        "account": f"accountmemory/{account.pk}/change/",
    }
    return {name: f"/admin/front_sms/{page}" for name, page in pages.items()}


def _others(state: Any) -> list[tuple[Any, str, dict[str, Any]]]:
    return [
        (state.SENT, "Hei! Timen din i morgen kl. 09.15 er bekreftet.", {"gateway_id": 145080}),
        (state.REJECTED, "Faktura 10045 forfaller fredag.", {"error_code": 1, "recipient": "+4791234567"}),
        (state.DELIVERED, "Koden din er 482 913", {"gateway_id": 145081, "priority": 1}),
        (state.EXPIRED, "Tilbudet gjelder til kl. 12.", {"recipient": "+46701234567"}),
        (state.UNDELIVERED, "Pakken din er klar til henting.", {"gateway_id": 145082, "recipient": "+4792345678"}),
        (state.CANCELLED, "Møtet er flyttet til rom 4.", {"recipient": "+4793456789"}),
        (state.AT_OPERATOR, "Vi er hos deg om ti minutter!", {"gateway_id": 145083, "recipient": "+4794567890"}),
        (state.QUEUED, "Husk legetime på torsdag kl. 10.", {"recipient": "+4795678901"}),
        (state.SENT, "Nyhetsbrev for mars: les mer på nettsiden vår.", {"recipient": "+4796789012"}),
    ]


def _mms(stories: Any) -> Any:
    from io import BytesIO

    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (480, 360), "#9fc9e8")
    draw = ImageDraw.Draw(picture)
    draw.polygon([(0, 360), (150, 130), (260, 270), (340, 180), (480, 360)], fill="#3f6f57")
    draw.polygon([(118, 180), (150, 130), (178, 168), (150, 178)], fill="#ffffff")
    draw.ellipse([370, 40, 430, 100], fill="#ffd75e")
    content = BytesIO()
    picture.save(content, "JPEG", quality=85)
    mms = stories.inbound(text="Utsikten herfra!", keyword="UTSIKTEN", gateway_id=999998, counter=7167)
    stories.file(mms, "smil.xml", "text/xml;Name=smil.xml;Charset=UTF-8", b"<smil/>", 0)
    stories.file(mms, "image01.jpg", "image/jpeg;Name=image01.jpg", content.getvalue(), 1)
    return mms


def take(address: str, pages: dict[str, str], target: Path) -> None:
    from playwright.sync_api import sync_playwright

    target.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, theme, (width, height) in SHOTS:
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme, locale="en")
            page = context.new_page()
            page.goto(f"{address}/admin/login/?next={pages[name]}")
            page.fill("#id_username", "kari")
            page.fill("#id_password", "kari")
            page.press("#id_password", "Enter")
            page.wait_for_url(f"**{pages[name]}")
            page.wait_for_load_state("networkidle")
            file = target / f"{name}-{'phone-' if (width, height) == PHONE else ''}{theme}.png"
            _save(
                page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": width, "height": _height(page, height)}),
                file,
            )
            print(file.name)
            context.close()
        browser.close()


def _height(page: Any, at_most: int) -> int:
    """As much of the page as has something on it, up to one and a half screens."""
    return min(int(page.evaluate("document.documentElement.scrollHeight")), at_most * 3 // 2)


def _save(png: bytes, file: Path) -> None:
    from io import BytesIO

    from PIL import Image

    picture = Image.open(BytesIO(png)).convert("RGB")
    picture.quantize(128, dither=Image.Dither.NONE).save(file, optimize=True)


if __name__ == "__main__":
    main()
