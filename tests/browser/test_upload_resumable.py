"""Large files on a poor line: a server that dies, a page that is closed, a person who pauses."""

from __future__ import annotations

import fcntl
import hashlib
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Request, expect

from builders import dicom_bytes
from product import Product

pytestmark = pytest.mark.browser


def large_file(folder: Path, seed: int, byte_count: int) -> Path:
    """A mammogram with a long tail."""
    body = dicom_bytes(seed=seed)
    path = folder / f"large {seed}.dcm"
    path.write_bytes(body + hashlib.shake_256(str(seed).encode()).digest(byte_count - len(body)))
    return path


async def slow_line(page: Page, bytes_per_second: int) -> None:
    """-1: as fast as it is."""
    line = await page.context.new_cdp_session(page)
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_second}
    await line.send("Network.emulateNetworkConditions", conditions)


def offsets_sent(page: Page) -> list[int]:
    """Where each request with bytes began, filled while the page works."""
    begun: list[int] = []

    def note(request: Request) -> None:
        if request.method == "PATCH" and "/api/uploads/resumable/" in request.url:
            begun.append(int(request.headers["upload-offset"]))

    page.on("request", note)
    return begun


async def begun_as(product: Product, file: Path) -> Path | None:
    """Where the server keeps what has come of an unfinished upload. By its name: what another test left behind is not
    taken for it."""
    sql = "SELECT id FROM resumable_uploads WHERE status = 'receiving' AND original_name = $1"
    rows = await product.fetch(sql, file.name)
    return product.data_dir / "resumable" / rows[0]["id"] if rows else None


async def until(page: Page, condition: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(600):
        if await condition():
            return
        await page.wait_for_timeout(50)
    raise AssertionError("waited in vain")


async def until_arrived(page: Page, product: Product, file: Path, least: int) -> Path:
    """Where the server has this many bytes of it."""
    kept: Path | None = None

    async def has_arrived() -> bool:
        nonlocal kept
        kept = kept or await begun_as(product, file)
        return kept is not None and kept.stat().st_size >= least

    await until(page, has_arrived)
    assert kept is not None
    return kept


@contextmanager
def held(kept: Path) -> Iterator[None]:
    """As a request that sends or finishes it holds it: once the present one has ended."""
    with kept.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


async def digest_of_newest(product: Product) -> str:
    (row,) = await product.fetch("SELECT encode(sha256, 'hex') AS digest FROM images ORDER BY id DESC LIMIT 1")
    return row["digest"]


def row_of(page: Page, name: str) -> Any:
    return page.get_by_test_id("upload-row").filter(has_text=name)


async def test_sixty_megabytes_survive_the_death_of_the_server_in_the_middle(
    visit: Callable[..., Any], product: Product, tmp_path: Path
) -> None:
    page = await (await visit()).sign_in()
    file = large_file(tmp_path, 1, 60_000_000)
    begun = offsets_sent(page)
    await slow_line(page, 20_000_000)
    await page.get_by_test_id("upload-files").set_input_files(file)
    await until_arrived(page, product, file, 10_000_000)
    product.kill("api")
    await expect(page.get_by_text("Nothing is lost").first).to_be_visible()
    product.start("api")
    await slow_line(page, -1)
    await expect(row_of(page, file.name)).to_have_attribute(
        "data-state", re.compile("processing|ready"), timeout=60_000
    )
    assert begun[0] == 0
    assert begun[1] >= 10_000_000, "it goes on, it does not begin again"
    assert await digest_of_newest(product) == hashlib.sha256(file.read_bytes()).hexdigest()


async def test_after_a_reload_the_same_file_goes_on_and_another_one_does_not(
    visit: Callable[..., Any], product: Product, tmp_path: Path
) -> None:
    page = await (await visit()).sign_in()
    page.on("dialog", lambda dialog: dialog.accept())
    file = large_file(tmp_path, 2, 30_000_000)
    begun = offsets_sent(page)
    await slow_line(page, 10_000_000)
    await page.get_by_test_id("upload-files").set_input_files(file)
    await until_arrived(page, product, file, 3_000_000)
    await page.reload()
    row = row_of(page, file.name)
    await expect(row).to_have_attribute("data-state", "interrupted")
    await expect(row).to_contain_text("Choose or drop it again")
    await slow_line(page, -1)

    other = tmp_path / "other" / file.name
    other.parent.mkdir()
    other.write_bytes(large_file(tmp_path, 3, 30_000_000).read_bytes())
    await row.get_by_test_id("continue-file").set_input_files(other)
    await expect(row).to_contain_text("This is another file")
    assert begun == [0]

    await page.get_by_test_id("upload-files").set_input_files(file)
    await expect(row).to_have_attribute("data-state", re.compile("processing|ready"), timeout=30_000)
    assert begun[1] >= 3_000_000
    assert await digest_of_newest(product) == hashlib.sha256(file.read_bytes()).hexdigest()


async def test_a_page_that_opens_while_the_request_of_the_closed_one_is_ending_offers_it_too(
    visit: Callable[..., Any], product: Product, tmp_path: Path
) -> None:
    page = await (await visit()).sign_in()
    page.on("dialog", lambda dialog: dialog.accept())
    file = large_file(tmp_path, 7, 30_000_000)
    await slow_line(page, 10_000_000)
    await page.get_by_test_id("upload-files").set_input_files(file)
    kept = await until_arrived(page, product, file, 1_000_000)
    await page.goto("about:blank")
    with held(kept):
        async with page.expect_response("**/api/uploads/resumable") as first_look:
            await page.goto("/")
        (upload,) = (await (await first_look.value).json())["uploads"]
        assert upload["busy"]
        await expect(row_of(page, file.name)).to_have_count(0)
    await expect(row_of(page, file.name)).to_have_attribute("data-state", "interrupted", timeout=15_000)
    await slow_line(page, -1)
    await page.get_by_test_id("upload-files").set_input_files(file)
    await expect(row_of(page, file.name)).to_have_attribute(
        "data-state", re.compile("processing|ready"), timeout=30_000
    )
    assert await digest_of_newest(product) == hashlib.sha256(file.read_bytes()).hexdigest()


async def test_a_paused_file_waits_and_goes_on_from_where_it_was(
    visit: Callable[..., Any], product: Product, tmp_path: Path
) -> None:
    page = await (await visit()).sign_in()
    file = large_file(tmp_path, 4, 30_000_000)
    begun = offsets_sent(page)
    await slow_line(page, 10_000_000)
    await page.get_by_test_id("upload-files").set_input_files(file)
    await until_arrived(page, product, file, 3_000_000)
    row = row_of(page, file.name)
    await row.get_by_role("button", name=re.compile("^Pause")).click()
    await expect(row).to_have_attribute("data-state", "paused")
    await expect(page.get_by_role("heading", name=re.compile("^Paused"))).to_be_visible()
    await slow_line(page, -1)
    await page.get_by_role("button", name="Continue all").click()
    await expect(row).to_have_attribute("data-state", re.compile("processing|ready"), timeout=30_000)
    assert begun[0] == 0
    assert begun[-1] >= 3_000_000


async def test_what_is_stopped_or_discarded_leaves_nothing_on_the_server(
    visit: Callable[..., Any], product: Product, tmp_path: Path
) -> None:
    page = await (await visit()).sign_in()
    page.on("dialog", lambda dialog: dialog.accept())
    await slow_line(page, 5_000_000)
    for seed, word in ((5, "Stop"), (6, "Discard")):
        file = large_file(tmp_path, seed, 30_000_000)
        await page.get_by_test_id("upload-files").set_input_files(file)
        kept = await until_arrived(page, product, file, 1_000_000)
        if word == "Discard":
            await page.reload()
        await row_of(page, file.name).get_by_role("button", name=re.compile(f"^{word}")).click()
        await until(page, partial(has_gone, product, file, kept))
        await expect(page.get_by_test_id("upload-row")).to_have_count(0)


async def has_gone(product: Product, file: Path, kept: Path) -> bool:
    return await begun_as(product, file) is None and not list(kept.parent.glob(f"{kept.name}*"))
