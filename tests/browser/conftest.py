"""A real Chromium on the running product. Debian's package is used, because no test may download a browser."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from mammogram_viewer.web.page import PAGE_DIR
from product import PASSWORD, Product
from product_fixtures import own_database, people_database, product  # noqa: F401 - fixtures are found by name

ARGUMENTS = [
    "--no-sandbox",
    "--headless=new",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--force-color-profile=srgb",
]
SIZES = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("NO BROWSER: the browser tests were NOT run. `apt-get install chromium`, then run them again.")
    assert (PAGE_DIR / "index.html").is_file(), "the page is not built: run `make install`"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        await browser.close()


class Visitor:
    """A person at a browser; what the console complains about is kept."""

    def __init__(self, context: BrowserContext, page: Page, base_url: str) -> None:
        self.context = context
        self.page = page
        self.base_url = base_url
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    async def go(self, path: str) -> Page:
        await self.page.goto(path)
        return self.page

    async def sign_in(self, who: str = "user") -> Page:
        page = await self.go("/login")
        await page.get_by_label("E-mail").fill(f"{who}@example.org")
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("heading", name="Gallery").wait_for()
        return page


@pytest.fixture
async def visit(chromium: Browser, product: Product) -> AsyncIterator[Any]:  # noqa: F811 - the fixture of that name
    """`await visit()` opens a fresh browser on the product: `visit(size="phone")`, `visit(base_url=…)`."""
    opened: list[Visitor] = []

    async def open_one(size: str = "desk", base_url: str | None = None, **options: Any) -> Visitor:
        address = base_url or product.base_url
        viewport: Any = SIZES[size]
        context = await chromium.new_context(viewport=viewport, base_url=address, **options)
        context.set_default_timeout(15_000)
        opened.append(Visitor(context, await context.new_page(), address))
        return opened[-1]

    yield open_one
    for visitor in opened:
        await visitor.context.close()
    assert [complaint for visitor in opened for complaint in visitor.complaints] == []


@pytest.fixture
def mammogram(tmp_path: Path) -> Path:
    """A file on the visitor's disk."""
    from builders import dicom_bytes

    path = tmp_path / "R MLO.dcm"
    path.write_bytes(
        dicom_bytes(seed=abs(hash(str(tmp_path))) % 100_000, laterality="R", view="MLO", rows=512, columns=400)
    )
    return path


@pytest.fixture
def usual_viewer(product: Product) -> None:  # noqa: F811 - the fixture of that name
    """Nobody has told yet how they like the viewer: what one test chooses is not what the next one finds."""
    for who in ("technologist", "user", "admin"):
        answer = product.client(who).put("/api/account/preferences/viewer", json={})
        assert answer.status_code == 200, answer.text
