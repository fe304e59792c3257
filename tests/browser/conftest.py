"""A headless Chromium, and pages in it: whatever a page asks for or complains of is written down."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import missing

QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Nothing but the page itself may cause traffic."""

Scheme = Literal["light", "dark"]


@dataclass
class Opened:
    """A page in a window."""

    page: Page
    address: str
    requests: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    """What the page's own policy has refused."""
    complaints: list[str] = field(default_factory=list)

    @property
    def overflow(self) -> int:
        """Answer by how many pixels the page is wider than its window."""
        wide: int = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return max(0, wide)


Open = Callable[..., Opened]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Debian's Chromium with an empty profile."""
    program = shutil.which("chromium")
    if program is None:
        missing("chromium (Debian: chromium)")
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=QUIET, chromium_sandbox=False)
        yield started
        started.close()


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Answer what opens a page's text from a file, in a window of *width* pixels and in a colour scheme."""
    opened: list[Opened] = []

    def show(text: str, width: int = 1280, scheme: Scheme = "light") -> Opened:
        file = tmp_path / f"page-{len(opened)}.html"
        file.write_text(text, "utf-8")
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        found = Opened(page, file.as_uri())
        page.on("request", lambda request: found.requests.append(request.url))
        page.on("requestfailed", lambda request: found.blocked.extend([request.url] * (request.failure == "csp")))
        page.on("console", lambda message: found.complaints.append(message.text))
        page.on("pageerror", lambda error: found.complaints.append(str(error)))
        page.goto(found.address)
        opened.append(found)
        return found

    yield show
    for each in opened:
        each.page.close()
