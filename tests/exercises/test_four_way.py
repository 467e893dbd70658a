"""The exercise of four is played whole, each of the four in processes and folders of its own."""

import importlib.util
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_exercise_of_four(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("starlette", reason="the small services need: pip install 'truceline[serve]'")
    spec = importlib.util.spec_from_file_location("four_way", Path(__file__).with_name("four_way.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.play(tmp_path)
    assert capsys.readouterr().out.count("\n") == 4
