"""The analytics report as PDF: the dashboard's numbers, set by Typst from `report.typ`.

What is set travels as JSON beside the template and is never read as markup. Setting takes some tens of milliseconds of
one core, in a thread and one at a time, so that no request waits for it; it reads nothing but the template and the
fonts."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import fontpkg_inter
import typst
from litestar import Response

from mammogram_viewer.analytics.ranges import Asked
from mammogram_viewer.analytics.report_data import report_data
from mammogram_viewer.analytics.schemas import AnalyticsRange, Dashboard
from mammogram_viewer.analytics.service import AnalyticsService
from mammogram_viewer.foundation.errors import Unavailable
from mammogram_viewer.foundation.settings import Settings

MEDIA_TYPE = "application/pdf"
_TEMPLATE = Path(__file__).with_name("report.typ")
_FONTS = Path(fontpkg_inter.ROOT) / "files"


class Reports:
    """Makes reports. One instance a process."""

    def __init__(self, analytics: AnalyticsService, settings: Settings) -> None:
        self._analytics = analytics
        self._settings = settings
        self._one_at_a_time = asyncio.Semaphore(1)

    async def make(self, asked: Asked) -> tuple[AnalyticsRange, bytes]:
        """The range that was meant, and the PDF. Invalid for a bad range; Unavailable when it takes longer than
        `report_seconds`."""
        dashboard = await self._analytics.get_dashboard_metrics(asked=asked)
        return dashboard.range, await self.set(dashboard)

    async def set(self, dashboard: Dashboard) -> bytes:
        """A dashboard on paper."""
        text = json.dumps(report_data(dashboard, installation=self._settings.installation_name))
        try:
            async with asyncio.timeout(self._settings.report_seconds), self._one_at_a_time:
                return await asyncio.to_thread(set_report, text)
        except TimeoutError:
            raise Unavailable(
                "The report takes too long right now. Ask again in a minute.", retry_after_seconds=60
            ) from None


def set_report(data: str) -> bytes:
    """The PDF of one report (blocking). `data`: JSON of `report_data`."""
    pdf = typst.compile(
        str(_TEMPLATE), root=str(_TEMPLATE.parent), font_paths=[str(_FONTS)], format="pdf", sys_inputs={"data": data}
    )
    assert isinstance(pdf, bytes)
    return pdf


def report_name(range_: AnalyticsRange) -> str:
    """As in `analytics-2026-10-25-to-2026-11-23.pdf`."""
    return f"analytics-{range_.from_}-to-{range_.to}.pdf"


def report_answer(range_: AnalyticsRange, pdf: bytes) -> Response[bytes]:
    """A PDF that the browser shows, and saves under its name."""
    headers = {
        "content-disposition": f'inline; filename="{report_name(range_)}"',
        "cache-control": "private, no-store",
    }
    return Response(pdf, media_type=MEDIA_TYPE, headers=headers)
