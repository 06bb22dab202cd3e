"""`make screenshots` runs this, too: the pages of `make demo`, into docs/screenshots/walkthrough-*.png."""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "docs" / "screenshots"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"


def main(target: Path) -> None:
    from playwright.sync_api import sync_playwright

    from docs.screenshots.pictures import save
    from tests.browser.demo import running
    from tests.browser.walkthrough import HANG_TIMEOUT, walk_through

    def shoot(tab: Any, name: str) -> None:
        tab.wait_for_timeout(500)
        save(tab.screenshot(), target / f"{name}.png")
        print(f"{name}.png")

    target.mkdir(parents=True, exist_ok=True)
    with running() as demo, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en")
        context.set_default_timeout(HANG_TIMEOUT)
        walk_through(demo, context.new_page(), context.new_page(), shoot)
        browser.close()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main(Path(os.environ.get("TARGET") or TARGET))
