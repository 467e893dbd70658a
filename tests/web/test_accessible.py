"""WCAG 2.2 A and AA by axe on every page, in both colour schemes, wide and narrow; the keyboard reaches what the mouse does; print."""

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

from truceline.mission import deciding
from truceline.mission.desk import Desk
from truceline.store import reading

AXE = Path(__file__).parents[2] / "build" / "axe-core" / "axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium"),
    pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not here: python3 hatch_build.py"),
    pytest.mark.filterwarnings("ignore"),
]
FLAGS = [
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--use-angle=swiftshader",
]  # fmt: skip
PASSWORD = "four words make one"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PAGES = {
    "": ("/", "/incidents", "/statements", "/signals", "/plan", "/observers", "/coverage", "/mechanism", "/commission", "/agreement",
         "/reports", "/log", "/login", "/incidents/none"),
    "officer": ("/", "/queue", "/notices", "/observers", "/coverage", "INCIDENT", "/account"),
    "liaison": ("/notices", "/observers", "/mechanism"),
    "commissioner": ("/commission", "MEETING"),
    "mediator": ("/signals",),
    "admin": ("/administration",),
}  # fmt: skip


@pytest.fixture
def address(root: Path) -> Iterator[tuple[str, dict[str, str]]]:
    desk = Desk(root)
    finding = reading.queue(desk.database, states=("alleged",))[0]
    body = deciding.call_meeting(
        desk.mission, "2031-04-20T10:00Z", [finding["finding_id"], "one item"], {"party-1": 1, "party-2": 1, "party-3": 1},
        quorum=3, role="commission",
    ).body  # fmt: skip
    deciding.draft(desk.mission, body.meeting_id, finding["finding_id"], "upheld", {"party-1": "for"} | dict.fromkeys(("party-2", "party-3"), "for"))  # type: ignore[attr-defined]  # fmt: skip
    links = {"INCIDENT": f"/incidents/{finding['incident_id']}", "MEETING": f"/commission/{body.meeting_id}"}  # type: ignore[attr-defined]
    desk.close()
    server = subprocess.Popen(
        [sys.executable, "-m", "truceline", "serve", str(root), "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr
    place = server.stderr.readline().split("open at ")[1].split()[0].rstrip("/")
    for _ in range(200):
        try:
            urllib.request.urlopen(f"{place}/healthz", timeout=5).read()
            break
        except OSError:
            time.sleep(0.1)
    yield place, links
    server.terminate()
    server.communicate(timeout=60)


def test_axe_finds_nothing_on_any_page_in_both_schemes(address: tuple[str, dict[str, str]]) -> None:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: ./dev setup")
    place, links = address
    script, found = AXE.read_text(encoding="utf-8"), []
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, paths in PAGES.items():
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            page.set_default_timeout(90_000)
            if name:
                answer = page.goto(f"{place}/login")
                assert answer.ok, answer.text()
                page.fill("[name=name]", name)
                page.fill("[name=password]", PASSWORD)
                page.click("main button")
                page.wait_for_selector("#situation")
            for path in paths:
                page.goto(place + links.get(path, path))
                page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
                page.evaluate(script)
                for scheme, width in (("light", 1280), ("dark", 360)):
                    page.emulate_media(color_scheme=scheme)
                    page.set_viewport_size({"width": width, "height": 900})
                    told = page.evaluate("(tags) => axe.run(document, {runOnly: tags})", TAGS)
                    found += [
                        (name, path, scheme, one["id"], node["html"][:120]) for one in told["violations"] for node in one["nodes"][:2]
                    ]  # fmt: skip
                wide = page.evaluate("document.documentElement.scrollWidth")
                if wide > 360:
                    found.append((name, path, "dark", f"wider than the screen: {wide}", ""))
        browser.close()
    assert not found, "\n".join(map(str, found))


def test_the_keyboard_reaches_the_content_and_print_leaves_the_frame_out(address: tuple[str, dict[str, str]]) -> None:  # fmt: skip
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: ./dev setup")
    place, _ = address
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page: Any = browser.new_page()
        page.set_default_timeout(90_000)
        page.goto(f"{place}/commission")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.url.endswith("#main")
        seen = set()
        for _ in range(40):
            page.keyboard.press("Tab")
            seen.add(page.evaluate("document.activeElement.getAttribute('href')"))
        assert {"/", "/coverage", "/log"} <= seen
        page.emulate_media(media="print")
        assert not page.locator("header nav").is_visible()
        assert page.locator("main h1").is_visible()
        browser.close()
