"""`make drill-hostile`: every hostile file through the product as processes on servers of its own."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hostile.catalogue import SEED, hostile_files, sample, with_twins
from hostile.direct import Direct
from hostile.files import CLEAN, HostileFile
from hostile.judge import judge
from hostile.trial import Report, Trial
from mammogram_viewer.adapters.children import Server, stop, wait_until_ready
from mammogram_viewer.adapters.database.embedded import EmbeddedPostgres
from mammogram_viewer.adapters.database.migrate import apply_migrations
from mammogram_viewer.adapters.nursery import ChildRaised
from mammogram_viewer.adapters.redis.embedded import EmbeddedRedis
from product import Product, add_people, running


def main(words: list[str]) -> int:
    """The exit code: 0 when every outcome was allowed."""
    asked = _parser().parse_args(words)
    everything = hostile_files(asked.seed)
    files = everything
    if asked.only:
        files = with_twins([file for file in everything if asked.only in file.name], everything)
    if asked.sample:
        files = sample(everything, asked.sample, asked.seed)
    if not files:
        _say(f"no file has {asked.only!r} in its name")
        return 2
    if asked.keep:
        _keep(files, asked.keep)
    if asked.list:
        for file in files:
            _say(f"{file.name:70} {file.allowed.name}")
        return 0
    if asked.direct:
        return _tell(files, asyncio.run(_directly([file for file in files if not file.slow])), asked.seed)
    with _product() as product:
        report = Trial(product, _say).run(files)
        if report.troubles or report.violations:
            _save_logs(product)
    return _tell(files, report, asked.seed)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def _directly(files: list[HostileFile]) -> Report:
    """The same judgement without servers, upload and worker: for whoever works on readers and decoders."""
    report, twins = Report(), {}
    with tempfile.TemporaryDirectory() as folder:
        direct = Direct(Path(folder))
        for number, file in enumerate(files, start=1):
            try:
                outcomes = await direct.outcomes(file)
            except ChildRaised as trouble:
                report.violations.append((file.name, f"the child raised {trouble.safe_detail}"))
                continue
            report.outcomes[file.name] = outcomes
            if file.allowed is CLEAN:
                twins[file.name] = outcomes[0]
            report.violations += [(file.name, sentence) for sentence in judge(file, outcomes, twins)]
            if number % 100 == 0:
                _say(f"{number} of {len(files)}")
    return report


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.drills.hostile", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help="another seed gives other damage (default: %(default)s)")
    parser.add_argument(
        "--only", default="", metavar="NAME", help="the files with NAME in their names, and their twins"
    )
    parser.add_argument("--sample", type=int, default=0, metavar="COUNT", help="so many files from all classes")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write the files into FOLDER, too")
    parser.add_argument("--direct", action="store_true", help="readers and decoders alone, without the product")
    parser.add_argument("--list", action="store_true", help="list the files and run nothing")
    return parser


def _keep(files: list[HostileFile], folder: Path) -> None:
    for file in files:
        path = folder / file.name.replace("/", "__")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.make())
    _say(f"{len(files)} files are in {folder}")


@contextmanager
def _product() -> Iterator[Product]:
    """API and worker on embedded servers, with the settings of production; all of it gone afterwards."""
    # Nothing of the developer's own environment may lead to real data.
    for name in ("DATABASE_URL", "REDIS_URL", "REDIS_HOST", "REDIS_PORT", "STORAGE_URL", "DATA_DIR", "HOST", "PORT"):
        os.environ.pop(name, None)
    folder = Path(tempfile.mkdtemp(prefix="hostile drill "))
    postgres = EmbeddedPostgres(folder, options={"fsync": "off", "shared_buffers": "64MB"})
    valkey = EmbeddedRedis(folder)
    started: list[tuple[Server, subprocess.Popen[bytes]]] = []
    with (folder / "servers.log").open("wb") as output:
        try:
            for server in (postgres, valkey):
                server.prepare()
                started.append((server, server.start(output)))
            for server, process in started:
                wait_until_ready(server, process)
            asyncio.run(_migrate(postgres))
            data_dir = folder / "data"
            data_dir.mkdir()
            with running(Product(data_dir, postgres.dsn, valkey.url), "api", "worker") as product:
                yield product
                died = [server for server, process in started if process.poll() is not None]
                assert not died, f"a server has died: {died}"
        finally:
            for server, process in started:
                stop(process, server.stop_signal, grace_seconds=10)
            shutil.rmtree(postgres.socket_dir, ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)


async def _migrate(postgres: EmbeddedPostgres) -> None:
    await postgres.ensure_database()
    await apply_migrations(postgres.dsn)
    await add_people(postgres.dsn)


def _save_logs(product: Product) -> None:
    folder = Path(tempfile.mkdtemp(prefix="hostile-drill-logs-"))
    for part in ("api", "worker"):
        (folder / f"{part}.log").write_text(product.log(part))
    _say(f"logs of the product are in {folder}")


def _tell(files: list[HostileFile], report: Report, seed: int) -> int:
    _say("\n" + "\n".join(report.table(files)))
    _say(f"\n{len(files)} files in {report.seconds:.0f} s")
    for part, most in report.most.items():
        _say(
            f"{part}: {most.children} children seen, at most {most.resident_bytes >> 20} MiB resident,"
            f" {most.address_space_bytes >> 20} MiB of addresses, {most.seconds:.1f} s"
        )
    for trouble in report.troubles:
        _say(f"TROUBLE  {trouble}")
    for name, sentence in report.violations:
        _say(f"VIOLATION  seed {seed}  {name}: {sentence}")
    ready = sum("READY, but it must fail" in sentence for _, sentence in report.violations)
    _say(f"{len(report.violations)} violations, {len(report.troubles)} troubles, {ready} of “must fail” shown as ready")
    return 1 if report.violations or report.troubles else 0
