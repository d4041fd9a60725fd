"""`mammogram-viewer stats`: beside the running product, in words and numbers that people and scripts can use."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from product import Product


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def stats(product: Product, tmp_path: Path):
    """`mammogram-viewer stats …`; everything it says about an expected trouble is one line."""

    def run(*arguments: str) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", "mammogram_viewer", "stats", *arguments],
            cwd=tmp_path,
            env=product.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


FACTS = """
INSERT INTO user_activity (user_id, activity_type, created_at)
SELECT n % 5, (ARRAY['login', 'view', 'upload'])[n % 3 + 1], timestamptz '2024-01-01Z' + n * interval '5 hours'
FROM generate_series(0, 1440) n
"""
NUMBERS = """
SELECT 'q', bucket::text, logins, uploads, views, others FROM analytics_quarters
UNION ALL SELECT 'h', bucket::text, logins, uploads, views, others FROM analytics_hours
UNION ALL SELECT 'p', bucket::text, bit_count(users), 0, 0, 0 FROM analytics_day_users
UNION ALL SELECT 's', stat_date::text, logins, uploads, views, users_active FROM system_stats
WHERE stat_date < '2025-01-01' ORDER BY 1, 2
"""
# What no code of ours does: numbers that are wrong, missing, and of what never was.
HARM = (
    "UPDATE analytics_hours SET logins = logins + 3 WHERE bucket >= '2024-02-01' AND bucket < '2024-03-01'",
    "DELETE FROM analytics_quarters WHERE bucket >= '2024-05-01' AND bucket < '2024-06-01'",
    "INSERT INTO analytics_quarters (bucket, views) VALUES ('2023-12-31 23:45Z', 4)",
    "UPDATE analytics_quarter_users SET users = B'1111' WHERE bucket < '2024-01-09'",
    "DELETE FROM analytics_hour_users WHERE bucket < '2024-01-05'",
    "UPDATE system_stats SET views = 99 WHERE stat_date < '2024-02-01'",
)


async def _facts(product: Product) -> list[tuple[Any, ...]]:
    """Facts of 2024, counted; tells the numbers."""
    for sql in ("DELETE FROM user_activity WHERE created_at < '2025-01-01'", FACTS):
        await product.fetch(sql)
    await product.fetch("SELECT fold_activity()")
    await product.fetch(
        "SELECT update_system_stats(d::date) FROM generate_series('2024-01-01'::date, '2024-12-31', '1 day') d"
    )
    return await _numbers(product)


async def _numbers(product: Product) -> list[tuple[Any, ...]]:
    """But for rows that say nothing, and what the product does just now."""
    rows = [tuple(row) for row in await product.fetch(NUMBERS)]
    return [row for row in rows if row[1] < "2025" and any(row[2:])]


@contextlib.asynccontextmanager
async def _last_day_held(product: Product) -> AsyncIterator[None]:
    """Nobody can write the statistics of the last day of 2024."""
    connection = await asyncpg.connect(product.database_url)
    try:
        async with connection.transaction():
            await connection.execute("SELECT FROM system_stats WHERE stat_date = '2024-12-31' FOR UPDATE")
            yield
    finally:
        await connection.close()


async def test_numbers_that_were_harmed_are_derived_anew_also_after_a_break(product: Product, stats) -> None:
    right = await _facts(product)
    for sql in HARM:
        await product.fetch(sql)
    assert await _numbers(product) != right
    for number, code in ((signal.SIGINT, 130), (signal.SIGKILL, -9)):
        async with _last_day_held(product):  # or it might be done before the signal comes
            process = subprocess.Popen(
                [sys.executable, "-m", "mammogram_viewer", "stats", "rebuild"],
                env=product.environment(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert process.stderr is not None
            assert " of " in process.stderr.readline(), "plain lines where there is no terminal"
            process.send_signal(number)
            said = process.stderr.read()
            assert process.wait(30) == code
        assert "Traceback" not in said
        assert ("run it again" in said) == (number == signal.SIGINT)
        while await product.fetch("SELECT 1 FROM pg_stat_activity WHERE application_name = 'mammogram-viewer stats'"):
            await asyncio.sleep(0.01)
    product.client("admin").get("/api/analytics/dashboard").raise_for_status()
    done = stats("rebuild")
    assert done.code == 0, done.err
    assert await _numbers(product) == right
    assert "days were counted anew" in done.out
    (audit,) = await product.fetch("SELECT actor_user_id FROM audit_log WHERE act = 'analytics_rebuilt'")
    assert audit["actor_user_id"] is None


async def test_months_are_listed_archived_and_brought_back(product: Product, stats) -> None:
    right = await _facts(product)
    before = _listed(stats("list").out)
    assert before["2024-02"][:2] == ["live", "139"]
    done = stats("archive", "--before", "2024-03")
    assert done.code == 0, done.err
    assert [line.split()[:3] for line in done.out.splitlines()] == [
        ["2024-01:", "149", "rows"],
        ["2024-02:", "139", "rows"],
    ]
    assert stats("archive", "--before", "2024-03").out == "No month is to be archived.\n"
    listed = _listed(stats("list").out)
    assert listed["2024-02"][:4] == ["archived", "0", "0", "139"]
    assert int(listed["2024-02"][4]) > 100
    assert listed["2024-03"][3:] == ["", ""], "nothing is archived, which is not 0 bytes"
    refused = stats("update", "--date", "2024-02-05")
    assert (refused.code, refused.out, refused.err.count("\n")) == (5, "", 1)
    assert "Restore the archive" in refused.err
    answer = product.client("admin").post("/api/analytics/system/stats/update", json={"date": "2024-02-05"})
    assert (answer.status_code, answer.json()["code"]) == (409, "day_archived")
    verified = subprocess.run(
        [sys.executable, "-m", "mammogram_viewer", "verify"], env=product.environment(), capture_output=True, text=True
    )
    assert verified.returncode == 0, verified.stdout
    assert stats("restore", "2024-02").out == "2024-02: 139 rows restored.\n"
    assert stats("restore", "2024-01").code == 0
    assert _listed(stats("list").out)["2024-02"][:2] == ["restored", "139"]
    assert await _numbers(product) == right


def _listed(text: str) -> dict[str, list[str]]:
    rows = [line.split("\t") for line in text.splitlines()]
    return {row[0]: row[1:] for row in rows}


async def test_the_worker_looks_after_days_and_months_by_itself(product: Product) -> None:
    async with asyncio.timeout(30):
        while not (runs := await product.fetch(RUNS)):
            await asyncio.sleep(0.05)
    assert [runs[0]["status"], runs[0]["attempts"]] == ["completed", 1]
    assert set(json.loads(runs[0]["result"])) == {"partitions", "days", "archived"}


RUNS = """
SELECT j.status, j.result, count(a.*) AS attempts FROM job_queue j LEFT JOIN job_attempts a ON a.job_id = j.id
WHERE j.type = 'keep_analytics' AND j.finished_at IS NOT NULL GROUP BY j.id ORDER BY j.created_at
"""


def test_a_terminal_gets_a_bar(product: Product) -> None:
    """Under a pseudo-terminal, as somebody sees it."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "mammogram_viewer", "stats", "rebuild"],
        env={**product.environment(), "TERM": "xterm", "COLUMNS": "120"},
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    seen = b""
    with contextlib.suppress(OSError):  # EIO: its end
        while piece := os.read(leader, 65536):
            seen += piece
    os.close(leader)
    assert process.wait(30) == 0
    assert "━".encode() in seen
    assert b"days were counted anew" in seen


async def test_a_day_is_computed(product: Product, stats) -> None:
    await _facts(product)
    done = stats("update", "--date", "2024-07-01")
    assert (done.code, done.err) == (0, "")
    counted = await product.fetch(
        "SELECT count(*) FILTER (WHERE activity_type = 'login') AS logins FROM user_activity "
        "WHERE created_at >= '2024-07-01Z' AND created_at < '2024-07-02Z'"
    )
    assert done.out.startswith(f"2024-07-01: {counted[0]['logins']} logins, ")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("update", "--date", "2024-02-30"), 2, "such as 2026-11-23"),
        (("update", "--date", "2999-01-01"), 2, "has not begun"),
        (("archive", "--before", "2024-13"), 2, "written as 2026-03"),
        (("archive", "--before", "2999-01"), 2, "months that are over"),
        (("restore", "1999-01"), 4, "is not archived"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(stats, arguments: tuple[str, ...], code: int, words: str) -> None:
    done = stats(*arguments)
    assert (done.code, done.out) == (code, "")
    assert words in done.err
    assert done.err.count("\n") == 1


def test_help_tells_what_each_command_does(stats) -> None:
    told = stats("--help").out
    for word in ("update", "rebuild", "archive", "restore", "list", "docs/analytics.md"):
        assert word in told
