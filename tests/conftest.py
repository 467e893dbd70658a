"""For all tests: this account's key stands in a folder of the test run, and no passphrase comes from outside."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def account_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder: Path = tmp_path_factory.mktemp("account")
    before = {
        name: os.environ.pop(name, None) for name in ("TRUCELINE_PASSPHRASE", "TRUCELINE_PASSPHRASE_FD")
    }
    before["TRUCELINE_ACCOUNT_KEY"] = os.environ.get("TRUCELINE_ACCOUNT_KEY")
    os.environ["TRUCELINE_ACCOUNT_KEY"] = str(folder / "account.key")
    yield
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
