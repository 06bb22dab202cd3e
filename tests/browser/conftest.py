"""A real browser on a real server: Debian's Chromium, or the one that CHROMIUM names."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from tests.conftest import missing

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"


@pytest.fixture(scope="package")
def _one_browser() -> Iterator[Any]:
    """Started once for all tests of this folder; each test has its own contexts."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing('Playwright is not installed: pip install -e ".[dev]"')
    if not os.path.exists(CHROMIUM):
        missing(f"there is no Chromium at {CHROMIUM}; install it (apt-get install chromium), or set CHROMIUM")
    # Playwright keeps an event loop in this thread; the tests use the database between their clicks, never within.
    with pytest.MonkeyPatch.context() as environment, sync_playwright() as playwright:
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def chromium(_one_browser: Any) -> Iterator[Any]:
    """The browser; what the test opens in it is closed after the test."""
    yield _one_browser
    for context in _one_browser.contexts:
        for page in context.pages:
            page.unroute_all(behavior="ignoreErrors")  # a handler may be at work, and would fail in the next test
        context.close()


@pytest.fixture
def page_of(chromium, live_server, settings) -> Iterator[Callable[..., Any]]:
    """Open pages for logged-in users. The test fails if a page reports an error or sends a request to another host."""
    complaints: list[str] = []
    ours = (live_server.url, "data:")

    def page(user: Any, *, width: int = 1280, theme: str = "light", locale: str = "en", scripts: bool = True) -> Any:
        client = Client()
        client.force_login(user)
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 844},
            color_scheme=theme,
            locale=locale,
            java_script_enabled=scripts,
        )
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        tab = context.new_page()
        tab.set_default_timeout(15_000)
        tab.on("pageerror", lambda error: complaints.append(str(error.stack)))
        tab.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        tab.on("request", lambda request: request.url.startswith(ours) or complaints.append(request.url))
        return tab

    yield page
    assert complaints == []
