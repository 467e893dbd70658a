"""The same results on Spark as in one process: local, local-cluster, and a standalone master and worker on loopback."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from truceline import agreement as agreements
from truceline import fusion
from truceline.scale import Given, memberships, sides_of

AGREEMENT = "minsk-2014-memorandum"
AS_OF = "2031-06-01T00:00:00+00:00"
SMALL = ("--conf", "spark.sql.shuffle.partitions=2", "--conf", "spark.executor.memory=512m")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java: apt-get install default-jre-headless"),
    pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="pyspark is missing: pip install 'truceline[scale]'"),
]  # fmt: skip


def truceline(*words: object) -> dict[str, object]:
    # filters of warnings are of pytest, not of the program
    env = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"} | {
        "SPARK_LOCAL_IP": "127.0.0.1"
    }
    done = subprocess.run(
        [sys.executable, "-m", "truceline", *map(str, words), "--json"],
        capture_output=True,
        text=True,
        env=env,
        check=False,
    )
    assert done.returncode in (0, 1, 2), done.stderr
    made: dict[str, object] = json.loads(done.stdout)
    return made


@pytest.fixture(scope="module")
def files(theatre: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The theatre as a data set of two files, and the parameters that everyone is given."""
    folder = tmp_path_factory.mktemp("spark")
    (folder / "observations").mkdir()
    some = theatre.slice(0, 900)
    pq.write_table(some.slice(0, 500), folder / "observations" / "a.parquet")
    pq.write_table(some.slice(500), folder / "observations" / "b.parquet")
    (folder / "p.json").write_text(json.dumps(fusion.learn(some).as_dict()))
    return folder


@pytest.fixture(scope="module")
def alone(files: Path) -> tuple[pa.Table, pa.Table]:
    """What one process makes of it, without tiles."""
    table = pq.read_table(files / "observations")
    parameters = fusion.Parameters.from_dict(json.loads((files / "p.json").read_text()))
    given = Given(
        parameters, alignments=sides_of([*table["actor"].to_pylist(), *table["accused"].to_pylist()], None)
    )
    made = fusion.fuse(
        table,
        origin=np.zeros(table.num_rows, dtype=np.int64),
        parameters=parameters,
        alignments=given.alignments,
    )
    return made.incidents.sort_by("incident_id").combine_chunks(), memberships(made)


@pytest.fixture(scope="module")
def standalone() -> Iterator[str]:
    """A master and a worker of our own, ended by their process ids."""
    home = Path(importlib.util.find_spec("pyspark").origin).parent  # type: ignore[union-attr, arg-type]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = os.environ | {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_HOME": str(home), "SPARK_NO_DAEMONIZE": "1"}
    start = (home / "bin" / "spark-class", "org.apache.spark.deploy")
    common = {
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
        "env": env,
        "start_new_session": True,
    }
    url = f"spark://127.0.0.1:{port}"
    started = [
        subprocess.Popen([start[0], f"{start[1]}.master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0"], **common)  # type: ignore[call-overload]
    ]  # fmt: skip
    try:
        for _ in range(240):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.25)
        started.append(
            subprocess.Popen([start[0], f"{start[1]}.worker.Worker", "--host", "127.0.0.1", "--cores", "2", "--memory", "1g", "--webui-port", "0", url], **common)  # type: ignore[call-overload]
        )  # fmt: skip
        yield url
    finally:
        for process in started:
            os.killpg(process.pid, signal.SIGTERM)
        for process in started:
            process.wait(30)


def same(found: Path, whole: pa.Table, by: str) -> bool:
    made = pq.read_table(found).select(whole.column_names).sort_by(by).combine_chunks()
    return made.to_pylist() == whole.to_pylist()


@pytest.mark.parametrize("kind", ["local[2]", "local-cluster[2,1,1024]", "standalone"])
def test_spark_gives_what_one_process_gives(
    kind: str, files: Path, alone: tuple[pa.Table, pa.Table], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    master = request.getfixturevalue("standalone") if kind == "standalone" else kind
    made = truceline(
        "scale", "fuse", "--master", master, "--in", files / "observations", "--out", tmp_path / "i", "--membership", tmp_path / "m",
        "--parameters", files / "p.json", "--core-days", 7, "--halo-days", 6, *SMALL,
    )  # fmt: skip
    assert made.get("observations") == 900, made
    assert int(str(made["tiles"])) >= 2
    assert same(tmp_path / "m", alone[1], "obs_id")
    assert same(tmp_path / "i", alone[0], "incident_id")


def test_findings_on_spark_are_those_of_one_process(
    files: Path, alone: tuple[pa.Table, pa.Table], tmp_path: Path
) -> None:
    pq.write_table(alone[0], tmp_path / "incidents.parquet")
    made = truceline(
        "scale", "assess", "--master", "local[2]", "--incidents", tmp_path / "incidents.parquet", "--observations", files / "observations",
        "--out", tmp_path / "f", "--agreement", AGREEMENT, "--as-of", AS_OF, *SMALL,
    )  # fmt: skip
    whole = agreements.assess(
        alone[0],
        pq.read_table(files / "observations"),
        agreements.load(AGREEMENT),
        as_of_ms=1_938_038_400_000,
    )
    assert made.get("findings") == whole.num_rows > 0, made
    assert same(tmp_path / "f", whole.sort_by("finding_id"), "finding_id")
    refused = truceline(
        "scale", "fuse", "--master", "local[1]", "--in", tmp_path / "incidents.parquet", "--out", tmp_path / "x",
        "--membership", tmp_path / "y", *SMALL,
    )  # fmt: skip
    assert refused["error"]["code"] == "SCA-013"  # type: ignore[index]
