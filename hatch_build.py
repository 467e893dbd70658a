"""Bring the scripts that the mission server's pages load into `web/static/vendor`, from npm by a lock file.

The build of a wheel calls it; `python3 hatch_build.py` does the same in a checkout. What is there already and fits the
lock is left alone, so that a second build needs no network.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

WEB = Path(__file__).resolve().parent / "src" / "truceline" / "web"
VENDOR = WEB / "static" / "vendor"
FILES = {
    "maplibre-gl": (
        "dist/maplibre-gl.mjs", "dist/maplibre-gl-worker.mjs", "dist/maplibre-gl-shared.mjs", "dist/maplibre-gl.css", "LICENSE.txt",
    ),
    "uplot": ("dist/uPlot.esm.js", "dist/uPlot.min.css", "LICENSE"),
}  # fmt: skip
CHECKING = Path(__file__).resolve().parent / "build" / "axe-core" / "axe.min.js"
"""What the browser tests check pages with; in no wheel."""


def fetch(*, tests: bool = False) -> None:
    """Fetch what is not there; for tests also what they check pages with. Raises RuntimeError with what to do."""
    digest = hashlib.sha256(
        (WEB / "package-lock.json").read_bytes() + Path(__file__).read_bytes()
    ).hexdigest()
    stamp = VENDOR / ".stamp"
    if stamp.is_file() and stamp.read_text() == digest and (CHECKING.is_file() or not tests):
        return
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError(
            "npm is needed to fetch the map library of the mission server: install Node.js, then run `python3 hatch_build.py`."
        )
    with tempfile.TemporaryDirectory() as name:
        for file in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(WEB / file, name)
        done = subprocess.run(  # noqa: S603 - npm of this machine
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=name,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"`npm ci` failed: {done.stderr.strip()[-500:]}")
        shutil.rmtree(VENDOR, ignore_errors=True)
        for package, files in FILES.items():
            for file in files:
                to = VENDOR / package / Path(file).name
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(Path(name) / "node_modules" / package / file, to)
        if tests:
            CHECKING.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path(name) / "node_modules" / "axe-core" / CHECKING.name, CHECKING)
    stamp.write_text(digest)


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # run as a script
    pass
else:

    class Assets(BuildHookInterface):  # type: ignore[type-arg, misc]
        """Put the assets into the wheel; without npm the wheel lacks the map and says so."""

        PLUGIN_NAME = "custom"

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            """Fetch, then include what `.gitignore` would leave out."""
            try:
                fetch()
            except RuntimeError as problem:
                self.app.display_warning(f"The mission server will have no map: {problem}")
            if VENDOR.is_dir():
                build_data["artifacts"].append("src/truceline/web/static/vendor/**")


if __name__ == "__main__":
    try:
        fetch(tests=True)
    except RuntimeError as problem:
        sys.exit(str(problem))
