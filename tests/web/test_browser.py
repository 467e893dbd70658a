"""The story of a finding in a real browser, with and without its scripts; needs Chromium."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra `serve` is not installed: pip install 'truceline[serve]'")


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium"),
    pytest.mark.filterwarnings("ignore"),
]
FLAGS = [
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--use-angle=swiftshader",
]  # fmt: skip
PASSWORD = "four words make one"


@pytest.fixture
def address(root: Path) -> Iterator[str]:
    """The server as a process of its own, as an operator starts it."""
    server = subprocess.Popen(
        [sys.executable, "-m", "truceline", "serve", str(root), "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr
    line = server.stderr.readline()
    assert "open at http://127.0.0.1:" in line, line + server.stderr.read()
    place = line.split("open at ")[1].split()[0].rstrip("/")
    for _ in range(100):
        try:
            urllib.request.urlopen(f"{place}/healthz", timeout=5).read()
            break
        except OSError:
            time.sleep(0.1)
    yield place
    server.terminate()
    server.communicate(timeout=30)


def test_two_officers_verify_what_the_public_sees_by_sector(address: str) -> None:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: ./dev setup")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        said: list[str] = []

        def enter(name: str, width: int = 1280) -> Any:
            page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
            page.set_default_timeout(90_000)
            page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda problem: said.append(str(problem)))
            if name:
                page.goto(f"{address}/login")
                page.fill("[name=name]", name)
                page.fill("[name=password]", PASSWORD)
                page.click("main button")
                page.wait_for_selector("#situation")
            return page

        link = f"{address}/queue"
        for name, state in (("officer", "in review"), ("second officer", "verified")):
            page = enter(name)
            page.goto(link)
            if name == "officer":
                page.click("tbody a >> nth=0")
                page.wait_for_selector("textarea[name=reason]")
                link = page.url
            form = page.locator("form:has(textarea[name=reason])").first
            form.locator("textarea").fill("EXERCISE: read in the browser")
            form.locator("button").click()
            page.wait_for_selector(f"summary .mark:has-text('{state}')")

        public = enter("", width=360)
        public.goto(address)
        public.wait_for_selector("#map[data-ready]")
        assert public.locator("#by-sector tr").count() > 3
        assert public.locator("#timeline canvas").count() == 1
        for path in ("/", "/incidents", "/statements", "/plan", "/reports", "/log", "/agreement"):
            public.goto(address + path)
            assert public.evaluate("document.documentElement.scrollWidth") <= 360, path
        assert said == []
        browser.close()
