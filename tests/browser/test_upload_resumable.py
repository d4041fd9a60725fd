"""Large files on a poor line: a server that dies, a page that is closed, a person who pauses."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
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


def arrived(product: Product, least: int) -> Callable[[], bool]:
    """Whether an unfinished upload has this many bytes on the server."""
    folder = product.data_dir / "resumable"
    return lambda: any(file.stat().st_size >= least for file in folder.glob("[!.]*"))


async def until(page: Page, condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        await page.wait_for_timeout(50)
    raise AssertionError("waited in vain")


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
    await until(page, arrived(product, 10_000_000))
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
    await until(page, arrived(product, 3_000_000))
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


async def test_a_paused_file_waits_and_goes_on_from_where_it_was(
    visit: Callable[..., Any], product: Product, tmp_path: Path
) -> None:
    page = await (await visit()).sign_in()
    file = large_file(tmp_path, 4, 30_000_000)
    begun = offsets_sent(page)
    await slow_line(page, 10_000_000)
    await page.get_by_test_id("upload-files").set_input_files(file)
    await until(page, arrived(product, 3_000_000))
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
        await until(page, arrived(product, 1_000_000))
        if word == "Discard":
            await page.reload()
        await row_of(page, file.name).get_by_role("button", name=re.compile(f"^{word}")).click()
        await until(page, lambda: not list((product.data_dir / "resumable").glob("[!.]*")))
        await expect(page.get_by_test_id("upload-row")).to_have_count(0)
