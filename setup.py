"""The links of the package's page on an index, made at build time from the public address of its repository.

`make package PROJECT_URL=https://git.example.com/owner/django-front-sms` sets the project's URLs, and makes the
relative links and pictures of PACKAGE.md absolute. Without an address a link would lead nowhere, so only its text is
kept. Everything else is in setup.cfg.
"""

import os
import re
from pathlib import Path

from setuptools import setup

PAGES = {
    "Documentation": "docs/index.md",
    "Source": "",
    "Changelog": "CHANGELOG.md",
    "Security": "SECURITY.md",
}
LINK = re.compile(r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?!https?:)(?P<path>[^)]+)\)")


def address_of(url: str, path: str, *, is_picture: bool = False) -> str:
    """Where a host that lays out its addresses as GitHub does shows the file, or serves a picture."""
    return f"{url}/{'raw' if is_picture else 'blob'}/HEAD/{path}" if path else url


def with_links(text: str, url: str) -> str:
    """The text of PACKAGE.md with absolute links; without them, and without pictures, if there is no address."""

    def absolute(link: re.Match[str]) -> str:
        picture, text, path = link["picture"], link["text"], link["path"]
        if url:
            return f"{picture}[{text}]({address_of(url, path, is_picture=bool(picture))})"
        return "" if picture else text

    return LINK.sub(absolute, text)


def metadata(url: str) -> dict[str, object]:
    if url and not url.startswith("https://"):
        raise SystemExit(f"PROJECT_URL is {url!r}. Give the https:// address of the repository, or leave it out.")
    url = url.rstrip("/")
    page = with_links(Path(__file__).with_name("PACKAGE.md").read_text(encoding="utf-8"), url)
    return {
        "long_description": page,
        "project_urls": {name: address_of(url, path) for name, path in PAGES.items()} if url else {},
    }


setup(**metadata(os.environ.get("PROJECT_URL", "")))
