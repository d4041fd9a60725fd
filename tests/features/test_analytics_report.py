"""The report on paper: what it says, what it never says, and that it goes out by e-mail once a month."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from typing import Any

import asyncpg
import pytest
from aiosmtpd.controller import Controller

from builders import png_bytes
from conftest import Servers
from mammogram_viewer.analytics import schemas
from mammogram_viewer.analytics.report import set_report
from mammogram_viewer.analytics.report_data import report_data, scale_of
from mammogram_viewer.analytics.report_mail import month_before
from product import Product, free_port, running

HOSTILE = '#panic("no") *bold* _it_ $x^2$ "quoted" \\ \u05e9\u05dc\u05d5\u05dd \u0645\u0633\u062a\u0634\u0641\u0649'


class Sink:
    """Keeps every message; `refuse` answers that many with a temporary error first."""

    def __init__(self) -> None:
        self.messages: list[tuple[list[str], Message]] = []
        self.refuse = 0

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.refuse:
            self.refuse -= 1
            return "451 4.3.0 not now"
        self.messages.append((envelope.rcpt_tos, message_from_bytes(envelope.content)))
        return "250 taken"


@pytest.fixture(scope="module")
def sink() -> Iterator[tuple[Sink, int]]:
    handler = Sink()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield handler, controller.port
    controller.stop()


@pytest.fixture(scope="module")
def product(
    people_database: str, servers: Servers, tmp_path_factory: pytest.TempPathFactory, sink: tuple[Sink, int]
) -> Iterator[Product]:
    """The API alone; a test starts workers. Reports go out monthly."""
    wanted = {
        "REPORT_MONTHLY": "true",
        "INSTALLATION_NAME": HOSTILE,
        "MAINTENANCE_BACKOFF_MS": "200",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(sink[1]),
        "SMTP_TLS": "none",
        "SMTP_FROM": "viewer@clinic.example",
    }
    settings = {f"MAMMOGRAM_VIEWER_{name}": value for name, value in wanted.items()}
    folder = tmp_path_factory.mktemp("product data")
    with running(Product(folder, people_database, servers.redis_url, settings=settings), "api") as started:
        yield started


# --- the PDF ------------------------------------------------------------------------------------------------------


def test_the_report_of_an_empty_and_of_a_used_installation_is_a_pdf_with_its_range(product: Product) -> None:
    client = product.client("admin")
    for query in ("days=30&tz=Asia/Kathmandu", "from=2026-01-01&to=2026-12-31&compare=none"):
        answer = client.get(f"/api/analytics/report.pdf?{query}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF-")
        assert b"Analytics report, " in answer.content  # the title of the document
    assert '2026-01-01-to-2026-12-31.pdf"' in answer.headers["content-disposition"]
    product.upload_one(png_bytes(seed=81), "Canary^Anna.png")
    assert client.get("/api/analytics/report.pdf?days=7").content.startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("days=31", "invalid_days"),
        ("from=2026-02-01&to=2026-01-01", "invalid_range"),
        ("from=1990-01-01&to=2026-01-01", "range_too_long"),
        ("tz=Mars/Olympus", "invalid_time_zone"),
    ],
)
def test_a_bad_range_gets_no_report(product: Product, query: str, code: str) -> None:
    answer = product.client("admin").get(f"/api/analytics/report.pdf?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def dashboard(days: int, *, uploads: Callable[[int], int] = lambda n: n, **changes: Any) -> schemas.Dashboard:
    """Days that end with a partial 23 November 2026."""
    last = date(2026, 11, 23)
    dates = [last - timedelta(days=days - 1 - n) for n in range(days)]
    begins_at = datetime(dates[0].year, dates[0].month, dates[0].day, tzinfo=UTC)
    as_of = datetime(2026, 11, 23, 13, 30, tzinfo=UTC)
    unknown = schemas.Value(value=None, previous=None)
    return schemas.Dashboard(
        range=schemas.AnalyticsRange(
            from_=dates[0],
            to=last,
            days=days,
            tz="UTC",
            from_at=begins_at,
            to_at=begins_at + timedelta(days=days),
            as_of=as_of,
            partial=True,
        ),
        previous=None,
        known_from=changes.get("known_from", begins_at),
        summary=schemas.Summary(
            images=schemas.Value(value=120, previous=100),
            new_uploads=schemas.Value(value=80, previous=100),
            users=schemas.Value(value=5, previous=5),
            active_users=schemas.Value(value=5, previous=0),
            views=unknown,
            storage_bytes=schemas.Value(value=1_250_000_000, previous=1_000_000_000),
        ),
        charts=schemas.DashboardCharts(
            uploads=[
                schemas.UploadDay(day=day, uploads=uploads(n), bytes=0, partial=day == last)
                for n, day in enumerate(dates)
            ],
            activity=[
                schemas.ActivityDay(
                    day=day, views=n, uploads=n, downloads=0, logins=0, deletes=0, active_users=1, partial=day == last
                )
                for n, day in enumerate(dates)
            ],
            file_types=[],
            storage=[
                schemas.StorageDay(day=day, bytes=n * 10**9, images=n, partial=day == last)
                for n, day in enumerate(dates)
            ],
        ),
        tables=schemas.DashboardTables(
            file_types=[],
            most_viewed=[
                schemas.MostViewedImage(
                    image_id=17,
                    views=3,
                    viewers=2,
                    last_viewed_at=as_of,
                    original_name="Canary^Anna.dcm",
                    file_type="dicom",
                    laterality="L",
                    view_position=changes.get("view", "MLO"),
                    created_at=as_of,
                    links=changes.get("links"),  # type: ignore[arg-type]  # a report has none
                )
            ],
            recent=[],
        ),
        computed_at=as_of,
    )


def test_the_numbers_are_told_with_the_previous_period_in_words_and_sign() -> None:
    cards = {card["name"]: card for card in report_data(dashboard(30), installation="")["cards"]}
    assert cards["Images"]["change"] == {"way": "up", "text": "up from 100 (+20, +20 %)"}
    assert cards["New uploads"]["change"] == {"way": "down", "text": "down from 100 (−20, −20 %)"}
    assert cards["Users"]["change"] == {"way": "same", "text": "unchanged from 5"}
    assert cards["Active users"]["change"]["text"] == "up from 0 (+5)"
    # What nobody knows is no nought.
    assert (cards["Views"]["value"], cards["Views"]["change"]["way"]) == ("–", "none")
    assert cards["Storage"]["value"] == "1.25 GB"


def test_a_report_names_neither_files_nor_people() -> None:
    text = json.dumps(report_data(dashboard(30), installation="North"))
    assert "Canary" not in text
    assert "Anna" not in text
    assert '"id": "17"' in text


def test_axes_start_at_nought_and_reach_the_highest_value() -> None:
    for highest in (0, 1, 3, 7, 10, 99, 1234, 10**9):
        for unit in ("images", "bytes"):
            scale = scale_of(highest, unit)
            assert scale.ticks[0]["label"] == "0"
            assert 0 <= scale.place(highest) <= 1
            assert 2 <= len(scale.ticks) <= 6
    assert [tick["label"] for tick in scale_of(1, "images").ticks] == ["0", "1"]
    assert (scale_of(2.5e9, "bytes").unit, scale_of(900, "bytes").unit) == ("GB", "B")


def test_days_before_anything_was_recorded_have_no_points_and_the_last_day_is_marked() -> None:
    known_from = datetime(2026, 11, 20, tzinfo=UTC)
    (uploads, *_) = report_data(dashboard(30, known_from=known_from), installation="")["charts"]
    assert len(uploads["series"][0]["points"]) == 4
    assert uploads["unknown"] == pytest.approx(26 / 30)
    assert uploads["partial"] is True


@pytest.mark.parametrize("days", [1, 2, 31, 365, 1100])
def test_every_length_of_range_is_set(days: int) -> None:
    assert set_report(json.dumps(report_data(dashboard(days), installation=""))).startswith(b"%PDF-")


def test_markup_in_names_is_set_as_text() -> None:
    """Were it read as markup, `#panic` would end it."""
    pdf = set_report(json.dumps(report_data(dashboard(7, view=HOSTILE), installation=HOSTILE)))
    assert pdf.startswith(b"%PDF-")
    assert report_data(dashboard(7), installation=HOSTILE)["installation"] == HOSTILE
    assert report_data(dashboard(7), installation="a\x00b\nc\u202e")["installation"] == "a b c"


# --- every month, by e-mail ---------------------------------------------------------------------------------------


def test_the_month_before_is_the_last_one_that_is_over() -> None:
    assert month_before(date(2026, 11, 23)) == date(2026, 10, 1)
    assert month_before(date(2026, 1, 1)) == date(2025, 12, 1)
    assert month_before(date(2024, 3, 31)) == date(2024, 2, 1)


def test_who_gets_the_monthly_report_is_each_ones_own_choice(product: Product) -> None:
    admin = product.client("admin")
    path = "/api/analytics/report/settings"
    assert admin.get(path).json() == {"monthly": True, "available": True}
    assert admin.put(path, json={"monthly": False}).json()["monthly"] is False
    assert admin.get(path).json()["monthly"] is False
    assert admin.put(path, json={"monthly": True}).json()["monthly"] is True
    assert product.client("user").get(path).status_code == 403
    assert admin.put(path, json={"monthly": "perhaps"}).status_code in (400, 422)


async def test_last_months_report_goes_to_each_administrator_once_whatever_restarts(
    product: Product, sink: tuple[Sink, int]
) -> None:
    kept, _ = sink
    connection = await asyncpg.connect(product.database_url)
    try:
        # They were there in that month; a second one is told too, a third one does not want it.
        for name in ("second", "third"):
            await connection.execute(
                """INSERT INTO users (email, name, role, status, password_hash)
                   VALUES ($1 || '@example.org', $1, 'admin', 'active', 'x')""",
                name,
            )
        await connection.execute("UPDATE users SET created_at = now() - interval '3 months'")
        await connection.execute("INSERT INTO report_refusals SELECT id FROM users WHERE name = 'third'")
    finally:
        await connection.close()
    kept.refuse = 1  # one of them is tried again
    product.start("worker")
    product.wait_until(lambda: len(kept.messages) == 2, f"two messages arrive; {product.log('worker')[-2000:]}")
    assert sorted(recipient for (recipients, _) in kept.messages for recipient in recipients) == [
        "admin@example.org",
        "second@example.org",
    ]
    month = month_before(datetime.now(UTC).date())
    for _, message in kept.messages:
        assert message["Subject"] == f"Mammogram Viewer: analytics of {month:%B %Y}"
        text, pdf = message.get_payload()
        assert (pdf.get_content_type(), pdf.get_filename()[-4:]) == ("application/pdf", ".pdf")
        assert f"analytics-{month}-to-" in pdf.get_filename()
        assert pdf.get_payload(decode=True).startswith(b"%PDF-")
        assert "/analytics" in text.get_payload(decode=True).decode()
    sent = "SELECT count(*) AS n FROM report_mails WHERE sent_at IS NOT NULL"
    async with asyncio.timeout(30):
        while (await product.fetch(sent))[0]["n"] != 2:
            await asyncio.sleep(0.05)
    product.kill("worker")
    product.start("worker")
    started = "SELECT count(*) AS n FROM workers WHERE stopped_at IS NULL AND seen_at > now() - interval '30 seconds'"
    async with asyncio.timeout(30):
        while (await product.fetch(started))[0]["n"] < 1:
            await asyncio.sleep(0.05)
    rows = await product.fetch("SELECT count(*) AS n FROM job_queue WHERE type = 'mail_report'")
    assert rows[0]["n"] == 2
    assert len(kept.messages) == 2
    assert "admin@example.org" not in product.log("worker")
