"""Every page of every list, at the database and at the API, and the verdict on each list and filter."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from typing import Any

from benchmarks import figures
from benchmarks.gallery.database import Cost
from benchmarks.gallery.pages import TARGETS, Page


def judged(costs: Sequence[Cost], taken: dict[Page, list[float]]) -> dict[str, Any]:
    """One row for each list and filter: the slowest of its places decides."""
    by_page = {cost.page: cost for cost in costs}
    rows = []
    for (_, kind, filters), group in itertools.groupby(taken, key=lambda page: (_list(page), page.kind, page.filters)):
        pages = list(group)
        known = [by_page[page] for page in pages if page in by_page]
        p95 = {page.place: figures.percentile(taken[page], 95) for page in pages}
        database_ms = {cost.page.place: cost.milliseconds for cost in known}
        target = TARGETS[kind]
        rows.append(
            {
                "list": _list(pages[0]),
                "kind": kind,
                "filters": filters,
                "database_ms": {place: round(each, 3) for place, each in database_ms.items()},
                "blocks": {cost.page.place: cost.measured.blocks for cost in known},
                "plan": sorted({node for cost in known for node in cost.measured.nodes}),
                "api_median_ms": round(statistics.median(each for page in pages for each in taken[page]), 2),
                "api_p95_ms": {place: round(each, 2) for place, each in p95.items()},
                "target": {"database_ms_at_most": target.database_ms, "api_p95_ms_at_most": target.api_p95_ms},
                "database_met": target.database_ms is None or max(database_ms.values()) <= target.database_ms,
                "api_met": max(p95.values()) <= target.api_p95_ms,
            }
        )
    return {
        "pages": len(taken),
        "rows": rows,
        "met": all(row["database_met"] and row["api_met"] for row in rows),
    }


def _list(page: Page) -> str:
    return page.path.partition("?")[0]
