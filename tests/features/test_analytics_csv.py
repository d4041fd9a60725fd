"""Analytics as CSV: every panel, audited; and the whole feed, which streams however long it is and whoever stops
reading."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx
import psutil
import pytest

from builders import png_bytes
from conftest import Servers
from mammogram_viewer.analytics import csv_queries
from product import Product, running


@pytest.fixture(scope="module")
def product(people_database: str, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Asks every half second whether the reader of an export may go on."""
    settings = {"MAMMOGRAM_VIEWER_EVENT_HEARTBEAT_SECONDS": "0.5"}
    folder = tmp_path_factory.mktemp("product data")
    with running(Product(folder, people_database, servers.redis_url, settings=settings), "api") as started:
        yield started


COPYING = """SELECT pid FROM pg_stat_activity
             WHERE query LIKE 'COPY (%' AND state = 'active' AND datname = current_database()"""
PANELS = [
    ("dashboard", "summary", "measure"),
    ("dashboard", "uploads", "day"),
    ("dashboard", "activity", "day"),
    ("dashboard", "fileTypes", "file type"),
    ("dashboard", "storage", "day"),
    ("dashboard", "mostViewed", "image id"),
    ("dashboard", "recent", "id"),
    ("images/statistics", None, "file type"),
    ("uploads/trends", None, "day"),
    ("images/most-viewed", None, "image id"),
    ("images/most-viewed?period=all", None, "image id"),
    ("activity/recent", None, "id"),
    ("user/1", "activity", "day"),
    ("user/1", "recent", "id"),
    ("uploads/breakdown", None, "by"),
    ("processing", "days", "day"),
    ("processing", "reasons", "reason"),
    ("cohorts", None, "week"),
    ("system/stats?startDate=2026-01-01&endDate=2026-01-02", None, "day (UTC)"),
]


def get_csv(product: Product, path: str, who: str = "admin", **query: Any) -> httpx.Response:
    query = {name: value for name, value in query.items() if value is not None}
    url = httpx.URL(f"/api/analytics/{path}").copy_merge_params({"format": "csv", **query})
    return product.client(who).get(url)


def rows_of(answer: httpx.Response) -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def id_of(product: Product, who: str) -> int:
    return (await product.fetch("SELECT id FROM users WHERE email = $1", f"{who}@example.org"))[0]["id"]


async def audited(product: Product) -> dict[str, Any]:
    (row,) = await product.fetch(
        "SELECT detail::text, actor_user_id FROM audit_log WHERE act = 'analytics_exported' ORDER BY id DESC LIMIT 1"
    )
    assert row["actor_user_id"] == await id_of(product, "admin")
    return json.loads(row["detail"])


@pytest.mark.parametrize(("path", "panel", "first"), PANELS)
async def test_every_panel_is_a_file_whose_export_is_audited(
    product: Product, path: str, panel: str | None, first: str
) -> None:
    path = path.replace("user/1", f"user/{await id_of(product, 'user')}")
    answer = get_csv(product, path, panel=panel)
    rows = rows_of(answer)
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert rows[0][0] == first
    assert {len(row) for row in rows} == {len(rows[0])}
    name = answer.headers["content-disposition"]
    assert name.startswith('attachment; filename="analytics-')
    assert name.endswith('.csv"')
    detail = await audited(product)
    assert detail["rows"] == len(rows) - 1
    if not path.startswith(("images/stat", "images/most-viewed?", "cohorts", "system")):
        assert detail["from"] < detail["to"]
        assert f"{detail['from']}-to-{detail['to']}" in name


async def test_numbers_in_a_file_are_those_of_the_answer(product: Product) -> None:
    for seed in (71, 72):
        product.upload_one(png_bytes(seed=seed), "plain.png")
    body = product.client("admin").get("/api/analytics/dashboard").json()
    summary = {row[0]: row[2:] for row in rows_of(get_csv(product, "dashboard"))[1:]}
    assert summary["new uploads"][0] == str(body["summary"]["newUploads"]["value"])
    assert summary["images"][0] == str(body["summary"]["images"]["value"])
    # Before anything was recorded nobody knows.
    assert body["summary"]["newUploads"]["previous"] is None
    assert summary["new uploads"][1] == ""
    days = rows_of(get_csv(product, "dashboard", panel="uploads"))[1:]
    points = [one["uploads"] for one in body["charts"]["uploads"]]
    assert [int(row[1]) if row[1] else None for row in days] == points
    assert (points[0], points[-1]) == (None, 2)
    assert days[-1][3] == "true"


def test_what_is_no_format_or_panel_is_refused(product: Product) -> None:
    client = product.client("admin")
    answer = client.get("/api/analytics/dashboard?format=xlsx")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_format")
    answer = get_csv(product, "dashboard", panel="nonsense")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_panel")
    answer = get_csv(product, "activity/recent", tz="Mars/Olympus")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_time_zone")
    assert get_csv(product, "dashboard", who="user").status_code == 403


# --- the feed -----------------------------------------------------------------------------------------------------

HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\n=1", "＝1", 'quote "it", twice; über', "plain"]


async def test_formulas_in_names_details_and_types_are_made_harmless(product: Product) -> None:
    user_id = await id_of(product, "other")
    for text in HOSTILE:
        await product.fetch(
            """INSERT INTO user_activity (user_id, activity_type, resource_type, metadata, ip_truncated,
                                          user_agent_family)
               VALUES ($1, 'hostile', $2, to_jsonb($2::text), '203.0.113.0/24', $2)""",
            user_id,
            text,
        )
        await product.fetch("UPDATE users SET name = $2 WHERE id = $1", user_id, text)
        newest = rows_of(get_csv(product, "activity/recent", type="hostile"))[1]
        wanted = text if text[0] in "qp" else f"'{text}"
        assert newest[3] == wanted
        assert newest[6] == newest[10] == wanted
        assert json.loads(newest[8]) == text
    await product.fetch("UPDATE users SET name = 'Other Example' WHERE id = $1", user_id)
    assert newest[9] == "203.0.113.0/24"
    assert (await audited(product))["type"] == "hostile"
    found = rows_of(get_csv(product, "activity/recent", type="hostile", userId=user_id))[1:]
    assert [row[6] for row in reversed(found)] == [t if t[0] in "qp" else f"'{t}" for t in HOSTILE]


async def add_many(product: Product, count: int) -> None:
    """Facts of the last days, as archives bring them back: without telling the roll-ups, which do not matter here."""
    connection = await asyncpg.connect(product.database_url)
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(
            """INSERT INTO user_activity (user_id, activity_type, resource_type, resource_id, metadata, ip_truncated,
                                          user_agent_family, created_at)
               SELECT 1 + n % 5, 'bulk', 'image', n, jsonb_build_object('n', n), '203.0.113.0/24', 'Firefox',
                      now() - n * interval '1 second'
               FROM generate_series(1, $1::int) n""",
            count,
        )
        await connection.execute("ANALYZE user_activity")
    finally:
        await connection.close()


@pytest.fixture(scope="module")
async def many(product: Product) -> int:
    await add_many(product, 200_000)
    return 200_000


async def test_a_long_feed_is_streamed_with_flat_memory(product: Product, many: int) -> None:
    process = psutil.Process(product.processes["api"].pid)
    client = product.client("admin")
    peak = before = process.memory_info().rss
    lines = 0
    with client.stream("GET", "/api/analytics/activity/recent?format=csv&type=bulk&days=7") as answer:
        assert "content-length" not in answer.headers
        for piece in answer.iter_bytes():
            lines += piece.count(b"\n")
            if lines % 5 == 0:
                peak = max(peak, process.memory_info().rss)
    assert lines == many + 1
    assert (await audited(product))["rows"] == many
    # The file has 20 MB.
    assert peak - before < 8 * 1024 * 1024


async def test_nothing_is_sorted_or_gathered_before_the_first_row(product: Product, many: int) -> None:
    sql = csv_queries.COPY.replace("$1", "(now() - interval '7 days')").replace("$2", "now()")
    rows = await product.fetch("EXPLAIN " + sql.replace("$3", "NULL").replace("$4", "NULL"))
    plan = "\n".join(row[0] for row in rows)
    assert not re.search(r"(?:^|->)\s*(?:Incremental )?Sort\b(?! Key)", plan, re.MULTILINE), plan
    assert "Index Scan Backward" in plan


def begin_reading(product: Product, who: str = "admin") -> socket.socket:
    """A reader who asks and then takes nothing."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.connect(("127.0.0.1", product.port))
    cookies = "; ".join(f"{name}={value}" for name, value in product.client(who).cookies.items())
    path = "/api/analytics/activity/recent?format=csv&days=7"
    reader.sendall(f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncookie: {cookies}\r\n\r\n".encode())
    assert reader.recv(1024).startswith(b"HTTP/1.1 200")
    return reader


async def wait_for_copies(product: Product, count: int) -> None:
    async with asyncio.timeout(30):
        while len(await product.fetch(COPYING)) != count:
            await asyncio.sleep(0.05)


async def test_a_reader_who_stops_half_way_holds_up_nobody_and_leaves_nothing(product: Product, many: int) -> None:
    readers = [begin_reading(product) for _ in range(2)]
    try:
        await wait_for_copies(product, 2)
        # PostgreSQL waits for them with all it has not sent; everybody else is served.
        assert product.client("admin").get("/api/analytics/dashboard").status_code == 200
        third = get_csv(product, "activity/recent")
        assert (third.status_code, third.json()["code"]) == (429, "too_many_exports")
        # Small files need no connection for longer than their audit.
        assert get_csv(product, "dashboard").status_code == 200
    finally:
        for reader in readers:
            reader.close()
    await wait_for_copies(product, 0)
    # The connections are back in the pool, and fit for use: more questions than it has connections.
    for _ in range(12):
        assert get_csv(product, "activity/recent", type="hostile").status_code == 200
    rows = await product.fetch(
        "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'mammogram-viewer api'"
    )
    assert rows[0]["n"] <= 10
    assert "unexpected" not in product.log("api")


async def test_an_export_ends_with_its_session_and_is_no_whole_file(product: Product, many: int) -> None:
    await product.fetch(
        """INSERT INTO users (email, name, role, status, password_hash)
           SELECT 'second@example.org', 'Second', 'admin', 'active', password_hash FROM users
           WHERE email = 'admin@example.org'"""
    )
    with begin_reading(product, "second") as reader:
        await wait_for_copies(product, 1)
        await product.fetch("DELETE FROM sessions WHERE user_id = (SELECT id FROM users WHERE name = 'Second')")
        # The next question whether it may go on comes half a second after the last one.
        await asyncio.sleep(0.6)
        received = 0
        while piece := reader.recv(1 << 20):
            received += len(piece)
            last = piece
    assert received < 15_000_000
    assert not last.endswith(b"0\r\n\r\n")
    await wait_for_copies(product, 0)
