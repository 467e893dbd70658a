"""What `pip install` would bring: everything that lies beside the modules, and the command."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_wheel_holds_every_file_of_the_package_and_the_command(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    [wheel] = tmp_path.glob("truceline-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        [entry_points] = [name for name in held if name.endswith("entry_points.txt")]
        assert "truceline = truceline.app:main" in archive.read(entry_points).decode()
    source = ROOT / "src"
    lying = {
        path.relative_to(source).as_posix()
        for path in (source / "truceline").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert lying
    assert lying <= held
    assert any(name.endswith("licenses/LICENSE") for name in held)
    assert not any(name.startswith(("tests/", "docs/")) for name in held)
