"""`make screenshots` runs this, too: the dashboard of the simulator, into docs/screenshots/phones*.png.

Needs Chromium (CHROMIUM names it) and the `dev` extra. The simulated site accepts all pushes, except for some time.
"""

import json
import os
import shutil
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from django_front_sms.simulator import Account, Network, Rules, Simulator

TARGET = Path(__file__).resolve().parent
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
PSK = "26114123450000"
KARI, OLA, ASE = "004799999999", "004799999998", "004799999997"


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"true")

    do_POST = do_GET

    def log_message(self, *args: Any) -> None:
        pass


def main(target: Path) -> None:
    site = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{site.server_port}/front-sms/"
    account = Account(1234, "hemmelig", ["Klinikken"])
    account.status_url, account.inbound_url = f"{url}token/status/", f"{url}token/inbound/"
    plan = ((0.1, -1), (0.4, 4))
    with Simulator(Network(account, status_plan=plan, rules=Rules(retry_delay=0.2)), live=True) as simulator:
        take(simulator, target)
    site.shutdown()


def take(simulator: Simulator, target: Path) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 860})
        page.goto(simulator.origin)
        converse(simulator, page)
        page.locator(".exchange[data-kind=submission] summary").first.click()
        shoot(page, target / "phones.png")
        page.emulate_media(color_scheme="dark")
        simulator.chaos.cut_off = True
        simulator.network.receive("+4799999997", PSK, "Kommer litt senere, er det greit?")
        page.locator(".mail").wait_for()
        page.get_by_text("Chaos and switches").click()
        shoot(page, target / "phones-parked-dark.png")
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 390, "height": 844})
        page.get_by_role("link", name="Restart the queue").scroll_into_view_if_needed()
        shoot(page, target / "phones-phone.png")
        browser.close()


def converse(simulator: Simulator, page: Any) -> None:
    simulator.network.set_phone("+4799999997", on=False)
    send(simulator, ASE, "Hei Åse! Du har time hos oss fredag kl. 11.00. Svar JA hvis du kommer, NEI hvis ikke.")
    send(simulator, OLA, "Vi flytter til Storgata 2 😊 Velkommen innom!", "Klinikken")
    send(simulator, KARI, "Hei Kari! Du har time hos oss fredag kl. 09.00. Svar JA hvis du kommer, NEI hvis ikke.")
    page.get_by_text("waits for the phone").wait_for()
    kari = page.get_by_role("region", name="Phone +4799999999")
    kari.get_by_text("delivered").wait_for()
    kari.get_by_label("Text").fill("Ja! Utsikten herfra:")
    kari.get_by_role("button", name="Sample picture").click()
    kari.get_by_text("accepted by the site").wait_for()
    send(simulator, KARI, "Takk! Vi sees.")
    kari.get_by_text("delivered").nth(1).wait_for()


def send(simulator: Simulator, to: str, text: str, sender: str = PSK) -> None:
    document = {
        "serviceid": 1234, "password": "hemmelig", "fromid": sender, "phoneno": to, "txt": text, "unicode": True,
    }  # fmt: skip
    body = json.dumps(document, ensure_ascii=False).encode()
    request = urllib.request.Request(f"{simulator.url}push.php", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request).close()


def shoot(page: Any, file: Path) -> None:
    page.wait_for_timeout(500)
    page.screenshot(path=file)
    print(file.name)


if __name__ == "__main__":
    folder = Path(os.environ.get("TARGET") or TARGET)
    folder.mkdir(parents=True, exist_ok=True)
    main(folder)
