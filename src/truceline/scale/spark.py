"""The tiles on Spark: rows to tiles, a tile a group, the pure functions inside, Parquet out.

The only file that imports pyspark. Workers need the same Truceline and Python as the driver.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import pyarrow as pa

from truceline import agreement as agreements
from truceline import fusion
from truceline.errors import EnvironmentFailure, FusionError, UsageError
from truceline.fusion import Parameters
from truceline.geo.frame import Frame
from truceline.geo.lines import Line
from truceline.geo.sectors import Sectors
from truceline.records.columns import FINDINGS, INCIDENTS, OBSERVATIONS
from truceline.records.parties import Alignment
from truceline.scale.tiles import MEMBERSHIP, Given, Tiles, fuse_tile, sides_of

LEARN_FROM: Final = 300_000
_TILE = pa.field("tile", pa.int64())
_CODE = re.compile(r"\b((?:FUS|AGR|GEO|SCA)-\d{3}) (.*?) See errors#")


@contextmanager
def session(master: str, settings: dict[str, str] | None = None) -> Iterator[Any]:
    """A Spark session, stopped at the end; on this machine it listens on loopback only.

    Args:
        master: e.g. local[2], local-cluster[2,1,2048], spark://host:7077, k8s://...; empty: what spark-submit says.
        settings: further Spark settings; they win.
    Raises:
        EnvironmentFailure: SCA-010 pyspark is missing, SCA-011 there is no Java, SCA-012 the master does not answer.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError as problem:
        raise EnvironmentFailure("SCA-010", "scale-out needs pyspark", value=str(problem), remedy="pip install 'truceline[scale]'") from problem  # fmt: skip
    if not shutil.which("java") and not os.environ.get("JAVA_HOME"):
        raise EnvironmentFailure("SCA-011", "Spark needs Java 17 or newer", remedy="Install e.g. default-jre-headless, or set JAVA_HOME.")  # fmt: skip
    here = master.startswith("local") or "127.0.0.1" in master or "localhost" in master
    if here:
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("truceline")
    if master:
        builder = builder.master(master)
    usual = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false", "spark.sql.session.timeZone": "UTC", "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.adaptive.enabled": "false", "spark.sql.shuffle.partitions": "64", "spark.executorEnv.TRUCELINE_THREADS": "1",
    }  # fmt: skip
    if here:
        usual |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
        usual |= {
            "spark.executorEnv.PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
            "spark.sql.shuffle.partitions": "4",
        }
    for name, value in (usual | (settings or {})).items():
        builder = builder.config(name, value)
    try:
        spark = builder.getOrCreate()
    except Exception as problem:
        if type(problem).__module__.split(".")[0] not in ("pyspark", "py4j"):
            raise
        raise EnvironmentFailure("SCA-012", "the master must answer", where=master, value=_first_line(problem), remedy="Check its address and that it runs.") from problem  # fmt: skip
    spark.sparkContext.setLogLevel("ERROR")
    try:
        yield spark
    finally:
        spark.stop()


def fuse(
    spark: Any, observations: str, incidents: str, membership: str, *, parameters: Parameters | None = None,
    line: Line | None = None, sectors: Sectors | None = None, tiles: Tiles | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Fuse a Parquet data set by tiles; incidents and membership are written as Parquet folders.

    Args:
        observations, incidents, membership: paths as the cluster understands them (file:, hdfs:, s3a: ...).
        parameters: learned on the driver where None, from all rows or, above `LEARN_FROM`, from whole tiles in the middle.
    Returns:
        counts, and the parameters used.
    Raises:
        FusionError: SCA-002, SCA-013 the data set is not on the schema, FUS-003 to FUS-006 from the tiles.
        UsageError: SCA-014 a path that cannot be read or written.
    """
    tiles = tiles or Tiles()
    with _translated():
        rows = _on_schema(spark.read.parquet(observations), OBSERVATIONS, observations)
        names = [r[0] for name in ("accused", "actor") for r in rows.select(name).distinct().collect()]
        alignments = sides_of(names, line)
        owned = rows.mapInArrow(_owner(tiles), _spark_schema(pa.schema([_TILE])))
        counts = {row["tile"]: row["count"] for row in owned.groupBy("tile").count().collect()}
        if parameters is None:
            parameters = _learned(rows, counts, tiles, line, sectors, alignments)
        given = Given(parameters, line, sectors, alignments)
        packed = pa.schema([("incidents", pa.binary()), ("membership", pa.binary())])
        made = (
            rows.mapInArrow(_to_tiles(tiles, frozenset(counts)), _spark_schema(pa.schema([_TILE, *OBSERVATIONS])))
            .groupBy("tile").applyInArrow(_fuse_group(tiles, given), _spark_schema(packed)).persist()
        )  # fmt: skip
        try:
            for name, schema, path in (
                ("incidents", INCIDENTS, incidents),
                ("membership", MEMBERSHIP, membership),
            ):
                made.mapInArrow(_unpack(name), _spark_schema(schema)).write.mode("error").parquet(path)
        finally:
            made.unpersist()
        held = spark.read.parquet(membership)
        whole, apart = sum(counts.values()), held.select("obs_id").distinct().count()
        count = held.count()
        if not count == apart == whole:
            raise FusionError(
                "SCA-002", "every observation must be owned by exactly one tile", where=membership,
                value=f"{count} rows of {apart} observations, {whole} were read", remedy="Give a longer halo.",
            )  # fmt: skip
        found = spark.read.parquet(incidents).count()
    return {
        "observations": whole,
        "tiles": len(counts),
        "incidents": found,
        "parameters": parameters.as_dict(),
    }


def assess(
    spark: Any, incidents: str, observations: str, findings: str, packed: bytes, *, as_of_ms: int,
    line: Line | None = None, sectors: Sectors | None = None, alignments: tuple[Alignment, ...] = (),
) -> dict[str, Any]:  # fmt: skip
    """Hold incidents against an agreement, partition by partition; findings are written as a Parquet folder.

    Args:
        packed: the agreement, by `agreement.pack`.
        alignments: of the mission; the agreement's own where none are given.
    Raises:
        AgreementError: as `agreement.assess`. FusionError: SCA-013. UsageError: SCA-014.
    """
    from pyspark.sql import functions as f

    with _translated():
        found = _on_schema(spark.read.parquet(incidents), INCIDENTS, incidents)
        rows = _on_schema(spark.read.parquet(observations), OBSERVATIONS, observations)
        middle = found.select(
            *(f.percentile(name, f.lit(0.5)).alias(name) for name in ("lon_udeg", "lat_udeg"))
        ).first()
        frame = Frame(*(0.0 if value is None else float(np.rint(value / 1e6)) for value in middle))
        parts = int(spark.conf.get("spark.sql.shuffle.partitions"))
        found = found.withColumn("part", f.pmod(f.xxhash64("incident_id"), f.lit(parts)))
        members = found.select(f.col("part").alias("at"), f.explode("members").alias("obs_id")).distinct()
        told = rows.join(members, "obs_id").select("at", *OBSERVATIONS.names)
        job = _assess_group(packed, as_of_ms, line, sectors, alignments, frame)
        made = found.groupBy("part").cogroup(told.groupBy("at")).applyInArrow(job, _spark_schema(FINDINGS))
        made.write.mode("error").parquet(findings)
        count = spark.read.parquet(findings).count()
        return {"incidents": found.count(), "findings": count}


def _spark_schema(schema: pa.Schema) -> Any:
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(pa.schema([pa.field(field.name, field.type) for field in schema]))


def _on_schema(frame: Any, schema: pa.Schema, where: str) -> Any:
    from pyspark.sql import functions as f

    types = {field.name: field.dataType for field in _spark_schema(schema)}
    missing = sorted(set(types) - set(frame.columns))
    if missing:
        raise FusionError(
            "SCA-013", "the data set must have all columns of the schema", where=where, value=missing,
            remedy="Write it as docs/reference/formats.md says; truceline simulate makes an example.",
        )  # fmt: skip
    return frame.select(*(f.col(name).cast(kind).alias(name) for name, kind in types.items()))


def _table(batch: Any, schema: pa.Schema) -> pa.Table:
    table = batch if isinstance(batch, pa.Table) else pa.Table.from_batches([batch])
    return table.select(schema.names).cast(schema)


def _owner(tiles: Tiles) -> Any:
    def owner(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield pa.RecordBatch.from_arrays(
                [pa.array(tiles.of(_table(batch, OBSERVATIONS)))], names=["tile"]
            )

    return owner


def _to_tiles(tiles: Tiles, wanted: frozenset[int]) -> Any:
    def spread(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            table = _table(batch, OBSERVATIONS)
            owner = tiles.of(table)
            for step, some in tiles.read_by(table):
                tile = owner[some] + step
                kept = np.isin(tile, list(wanted))
                made = table.take(pa.array(some[kept])).add_column(0, _TILE, pa.array(tile[kept]))
                yield from made.replace_schema_metadata(None).combine_chunks().to_batches()

    return spread


def _fuse_group(tiles: Tiles, given: Given) -> Any:
    def run(table: pa.Table) -> pa.Table:
        tile = table.column("tile")[0].as_py()
        incidents, membership = fuse_tile(_table(table, OBSERVATIONS), tile, tiles, given)
        return pa.table({"incidents": pa.array([_bytes(incidents)], pa.binary()), "membership": pa.array([_bytes(membership)], pa.binary())})  # fmt: skip

    return run


def _bytes(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _unpack(name: str) -> Any:
    def unpack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for packed in batch.column(name).to_pylist():
                table = pa.ipc.open_stream(packed).read_all().replace_schema_metadata(None)
                plain = pa.schema([pa.field(field.name, field.type) for field in table.schema])
                yield from table.cast(plain).combine_chunks().to_batches(max_chunksize=100_000)

    return unpack


def _assess_group(
    packed: bytes,
    as_of_ms: int,
    line: Line | None,
    sectors: Sectors | None,
    alignments: tuple[Alignment, ...],
    frame: Frame,
) -> Any:
    def run(incidents: pa.Table, observations: pa.Table) -> pa.Table:
        found = agreements.assess(
            _table(incidents, INCIDENTS), _table(observations, OBSERVATIONS), agreements.unpack(packed), as_of_ms=as_of_ms,
            line=line, sectors=sectors, alignments=alignments, frame=frame,
        )  # fmt: skip
        return found.replace_schema_metadata(None).combine_chunks()

    return run


def _learned(
    rows: Any,
    counts: dict[int, int],
    tiles: Tiles,
    line: Line | None,
    sectors: Sectors | None,
    alignments: tuple[Alignment, ...],
) -> Parameters:
    """From all rows, or from whole tiles about the middle of time, so that the same data always teach the same."""
    if sum(counts.values()) > LEARN_FROM:
        middle = sorted(counts)[len(counts) // 2]
        chosen: list[int] = []
        total = 0
        for tile in sorted(counts, key=lambda one: (abs(one - middle), one)):
            if chosen and total + counts[tile] > LEARN_FROM:
                break
            chosen.append(tile)
            total += counts[tile]
        rows = rows.mapInArrow(_only(tiles, frozenset(chosen)), rows.schema)
    table = _table(rows.toArrow(), OBSERVATIONS)
    return fusion.learn(table, line=line, sectors=sectors, alignments=alignments)


def _only(tiles: Tiles, chosen: frozenset[int]) -> Any:
    def only(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            owner = tiles.of(_table(batch, OBSERVATIONS))
            yield batch.filter(pa.array(np.isin(owner, list(chosen))))

    return only


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Errors of ours that were raised on a worker come back as themselves; what Spark refuses becomes one error."""
    from pyspark.errors import PySparkException

    try:
        yield
    except PySparkException as problem:
        said = _CODE.search(str(problem))
        if said:
            raise FusionError(
                said[1], said[2].rstrip("."), remedy="Correct that input and run the command again."
            ) from problem
        raise UsageError(
            "SCA-014", "Spark must be able to read the input and to write a new output", value=_first_line(problem),
            remedy="Check the paths; an output folder must not exist yet.",
        ) from problem  # fmt: skip


def _first_line(problem: BaseException) -> str:
    return str(problem).strip().split("\n", 1)[0]
