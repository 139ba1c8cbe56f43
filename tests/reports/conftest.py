"""A headless browser for the pages, and the example pages it opens."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium through Playwright, one for the whole session."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None and os.environ.get("CERBERUS_PLAN_CI"):
        pytest.fail("no Chromium was found, and CI must test the pages (Debian: apt install chromium)")
    if program is None:
        pytest.skip("NO BROWSER: the pages are NOT tested; install Chromium (Debian: apt install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        yield chromium
        chromium.close()


class Visit:
    """A page opened in the browser, with everything it complained about or asked for."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on(
            "console",
            lambda message: self.complaints.append(message.text) if message.type in {"error", "warning"} else None,
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """Opens a page's text from a file and waits until its charts are drawn."""
    contexts = []

    def open_page(
        text: str, *, width: int = 1280, scheme: str = "light", script: bool = True, wait: bool = True
    ) -> Visit:
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(text, encoding="utf-8")
        contexts.append(
            browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
            )
        )
        found = Visit(contexts[-1].new_page())
        found.page.goto(path.as_uri())
        if script and wait:
            found.page.evaluate("Promise.all([window.chartsDrawn, window.liveReady])")
        return found

    yield open_page
    for context in contexts:
        context.close()
