"""`/api/quality`: imaging quality for administrators and radiologists, by local days, unit and operator."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import asyncpg
from litestar import Response, get, put
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, JSONBody, QueryParameter

from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.reads import ReadDatabase
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.adapters.database.local_days import check_time_zone, day_bounds, today_in
from mammogram_viewer.foundation.errors import Invalid
from mammogram_viewer.foundation.local_days import DayRange, parse_days
from mammogram_viewer.quality import csv_panels, curves, exams, schemas, service
from mammogram_viewer.quality.csv_stream import ExposuresCsv
from mammogram_viewer.quality.models import UNIT_COLUMNS, Selection, UnitKind
from mammogram_viewer.quality.operators import read_operators

_TAGS = ["quality"]
First = Annotated[str | None, QueryParameter(name="from", description="First local day, as 2026-11-01.")]
Last = Annotated[str | None, QueryParameter(name="to", description="Last local day, included.")]
Days = Annotated[int | None, QueryParameter(name="days", description="7, 14, 30 (default), 60 or 90, ending today.")]
Tz = Annotated[str | None, QueryParameter(name="tz", description="IANA name of the reader's time zone.")]
By = Annotated[str, QueryParameter(name="by", description="What a unit is: station (default), detector or serial.")]
Unit = Annotated[str | None, QueryParameter(name="unit", description="Its name; empty: those that tell none.")]
Operator = Annotated[
    str | None, QueryParameter(name="operator", description="A key of /api/quality; empty: those that tell none.")
]
Format = Annotated[str, QueryParameter(name="format", description="json (default) or csv.")]
Panel = Annotated[str | None, QueryParameter(name="panel", description="Which table, with format=csv.")]


async def read_selection(
    db: dependencies.Db,
    settings: dependencies.Settings,
    days: Days = None,
    first: First = None,
    last: Last = None,
    tz: Tz = None,
    by: By = "station",
    unit: Unit = None,
    operator: Operator = None,
) -> Selection:
    """Invalid: the codes of ranges (`foundation/local_days.py`), `invalid_time_zone`, `invalid_unit_kind`,
    `unknown_operator`."""
    zone = await check_time_zone(db, settings.time_zone if tz is None else tz)
    begin, end = parse_days(days, first, last, today=await today_in(db, zone), max_days=settings.analytics_max_days)
    kinds: dict[str, UnitKind] = {kind: kind for kind in UNIT_COLUMNS}
    if (kind := kinds.get(by)) is None:
        raise Invalid(f"by must be one of {', '.join(UNIT_COLUMNS)}.", code="invalid_unit_kind")
    if unit is not None and "\0" in unit:
        raise Invalid("A unit's name holds no NUL.", code="invalid_unit")
    bounds = await day_bounds(db, zone, begin, end)
    return Selection(
        days=DayRange(begin, end, zone),
        from_at=bounds[0],
        to_at=bounds[-1],
        as_of=datetime.now(UTC),
        by=kind,
        unit=unit,
        operators=None if operator is None else (await read_operators(db)).names_of(operator),
    )


_SELECTED = {"selection": Provide(read_selection)}
Selected = NamedDependency[Selection]


def _wants_csv(form: str, panel: str | None, panels: list[str]) -> str | None:
    """The panel wanted as CSV; None: JSON. Invalid `invalid_format` and `invalid_panel`."""
    if form not in ("json", "csv"):
        raise Invalid("format must be json or csv.", code="invalid_format")
    if panel is not None and panel not in panels:
        raise Invalid(f"panel must be one of {', '.join(panels)}.", code="invalid_panel")
    return None if form == "json" else panel or panels[0]


async def _answer(
    name: str,
    question: Callable[[Any], Awaitable[Any]],
    selection: Selection,
    principal: dependencies.Principal,
    read_db: ReadDatabase,
    export: _Export,
) -> Any:
    """The answer of `question`, or one of its panels as CSV; that somebody took it away is audited first."""
    panels = csv_panels.PANELS[name]
    panel = _wants_csv(export.format, export.panel, list(panels))
    if panel is None:
        return await read_db.read(principal.user_id, question)
    await export.audit(name, panel, selection)
    answer = await read_db.read(principal.user_id, question)
    return Response(
        csv_panels.text_of(panels[panel](answer)),
        media_type="text/csv",
        headers=_download(name, panel, selection),
    )


def _download(name: str, panel: str, selection: Selection) -> dict[str, str]:
    days = f"{selection.days.first}-{selection.days.last}"
    return {
        "content-type": "text/csv; charset=utf-8",
        "content-disposition": f'attachment; filename="quality-{name}-{panel}-{days}.csv"',
        "cache-control": "private, no-store",
    }


class _Export:
    """What is asked of the form of an answer, and the audit of what leaves as a file."""

    def __init__(self, db: asyncpg.Pool, actor: Actor, form: str, panel: str | None) -> None:
        self.db, self.actor, self.format, self.panel = db, actor, form, panel

    async def audit(self, name: str, panel: str, selection: Selection) -> None:
        async with self.db.acquire() as connection:
            await record_audit(
                connection,
                self.actor,
                "quality_exported",
                detail={
                    "table": f"{name}/{panel}",
                    "from": selection.days.first.isoformat(),
                    "to": selection.days.last.isoformat(),
                    "tz": selection.days.tz,
                    "unit": selection.unit,
                    "operator": selection.operators is not None,
                },
            )


def read_export(db: dependencies.Db, actor: dependencies.Actor, form: Format = "json", panel: Panel = None) -> _Export:
    return _Export(db, actor, form, panel)


_EXPORTED = {**_SELECTED, "export": Provide(read_export, sync_to_thread=False)}
Exported = NamedDependency[_Export]


@get(
    "/api/quality",
    opt={"policy": policy.READ_QUALITY},
    tags=_TAGS,
    summary="Units and operators to choose from",
    dependencies=_SELECTED,
)
async def get_quality(
    read_db: NamedDependency[ReadDatabase], principal: dependencies.Principal, selection: Selected
) -> schemas.QualityOverview:
    """Operators go by pseudonyms, which stay the same and tell nobody's name."""
    return await read_db.read(principal.user_id, lambda db: service.overview(db, selection))


@get(
    "/api/quality/dose",
    opt={"policy": policy.READ_QUALITY},
    tags=_TAGS,
    summary="Mean glandular dose against compressed breast thickness",
    dependencies=_EXPORTED,
)
async def get_dose(
    db: dependencies.Db,
    read_db: NamedDependency[ReadDatabase],
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    selection: Selected,
    export: Exported,
) -> schemas.DoseByThickness:
    """`panel` of CSV: bins (default), curves, or exposures: every one of them."""
    if export.format == "csv" and export.panel == csv_panels.EXPOSURES:
        headers = _download("dose", csv_panels.EXPOSURES, selection)
        answer: Any = ExposuresCsv(db, settings, selection, headers)  # refuses before anything is audited
        await export.audit("dose", csv_panels.EXPOSURES, selection)
        return answer
    return await _answer(
        "dose", lambda reader: service.dose(reader, selection, settings), selection, principal, read_db, export
    )


@get(
    "/api/quality/compression",
    opt={"policy": policy.READ_QUALITY},
    tags=_TAGS,
    summary="Compression force and thickness",
    dependencies=_EXPORTED,
)
async def get_compression(
    read_db: NamedDependency[ReadDatabase],
    principal: dependencies.Principal,
    selection: Selected,
    export: Exported,
) -> schemas.Compression:
    """`panel` of CSV: groups (default), forces or thicknesses."""
    return await _answer(
        "compression", lambda db: service.compression(db, selection), selection, principal, read_db, export
    )


@get(
    "/api/quality/technique",
    opt={"policy": policy.READ_QUALITY},
    tags=_TAGS,
    summary="Kilovolts, targets and filters",
    dependencies=_EXPORTED,
)
async def get_technique(
    read_db: NamedDependency[ReadDatabase],
    principal: dependencies.Principal,
    selection: Selected,
    export: Exported,
) -> schemas.TechniqueMix:
    """`panel` of CSV: groups (default), materials or kvs."""
    return await _answer(
        "technique", lambda db: service.technique(db, selection), selection, principal, read_db, export
    )


@get(
    "/api/quality/completeness",
    opt={"policy": policy.READ_QUALITY},
    tags=_TAGS,
    summary="Views missing and repeated, files rejected and failed",
    dependencies=_EXPORTED,
)
async def get_completeness(
    read_db: NamedDependency[ReadDatabase],
    principal: dependencies.Principal,
    selection: Selected,
    export: Exported,
) -> schemas.Completeness:
    """Exams by the day of their study where known, else by their arrival; files as everywhere here."""
    return await _answer(
        "completeness", lambda db: service.completeness(db, selection), selection, principal, read_db, export
    )


@get(
    "/api/quality/headers",
    opt={"policy": policy.READ_QUALITY},
    tags=_TAGS,
    summary="What headers do not tell",
    dependencies=_EXPORTED,
)
async def get_headers(
    read_db: NamedDependency[ReadDatabase],
    principal: dependencies.Principal,
    selection: Selected,
    export: Exported,
) -> schemas.MissingInHeaders:
    """Of files that are shown: how many lack each value, and in how many it is none that a unit gives."""
    return await _answer(
        "headers", lambda db: service.missing_in_headers(db, selection), selection, principal, read_db, export
    )


def _end(name: str) -> Any:
    return QueryParameter(name=name, description="Of exposures; from is included, to is not.")


def read_behind(
    thickness_from: Annotated[float | None, _end("thicknessFrom")] = None,
    thickness_to: Annotated[float | None, _end("thicknessTo")] = None,
    dose_from: Annotated[float | None, _end("doseFrom")] = None,
    dose_to: Annotated[float | None, _end("doseTo")] = None,
    force_from: Annotated[float | None, _end("forceFrom")] = None,
    force_to: Annotated[float | None, _end("forceTo")] = None,
    kv_from: Annotated[float | None, _end("kvFrom")] = None,
    kv_to: Annotated[float | None, _end("kvTo")] = None,
    target: FromQuery[str | None] = None,
    filter_material: Annotated[str | None, QueryParameter(name="filter")] = None,
    month: FromQuery[str | None] = None,
    lacks: FromQuery[str | None] = None,
    implausible: FromQuery[str | None] = None,
    outcome: FromQuery[str | None] = None,
    missing: FromQuery[str | None] = None,
    repeated: FromQuery[str | None] = None,
) -> exams.Behind:
    behind = exams.Behind(
        between={
            "thickness": (thickness_from, thickness_to),
            "dose": (dose_from, dose_to),
            "force": (force_from, force_to),
            "kv": (kv_from, kv_to),
        },
        target=target,
        filter=filter_material,
        month=month,
        lacks=lacks,
        implausible=implausible,
        outcome=outcome,
        missing=missing,
        repeated=repeated,
    )
    behind.check()
    return behind


@get(
    "/api/quality/exams",
    opt={"policy": policy.READ_QUALITY},
    tags=_TAGS,
    summary="The exams behind a point, a bar or a number",
    dependencies={**_SELECTED, "behind": Provide(read_behind, sync_to_thread=False)},
)
async def get_quality_exams(
    read_db: NamedDependency[ReadDatabase],
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    selection: Selected,
    behind: NamedDependency[exams.Behind],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
) -> schemas.QualityExams:
    """By values of exposures (ranges, target, filter), by headers (`lacks`, `implausible`), by `outcome` (rejected,
    failed), or by views (`missing`, `repeated`: as `R CC`, or `any`); with `month` beside any of them. Newest first."""
    before, most = exams.parse_before(cursor), exams.check_limit(limit)
    return await read_db.read(
        principal.user_id,
        lambda db: exams.list_exams(db, selection, behind, settings, before=before, limit=most),
    )


def _curves_answer(found: Any, principal: dependencies.Principal) -> schemas.ReferenceCurves:
    return schemas.ReferenceCurves(
        curves=found.curves,
        version=found.version,
        is_default=found.version == 0,
        changed_at=found.changed_at,
        changed_by=found.changed_by,
        may_change=policy.allows(policy.ADMINISTER, principal),
    )


@get("/api/quality/curves", opt={"policy": policy.READ_QUALITY}, tags=_TAGS, summary="Reference curves of dose")
async def get_reference_curves(db: dependencies.Db, principal: dependencies.Principal) -> schemas.ReferenceCurves:
    """Lines to look along, for a unit and many exposures; never a verdict on one."""
    return _curves_answer(await curves.get_curves(db), principal)


@put("/api/quality/curves", opt={"policy": policy.ADMINISTER}, tags=_TAGS, summary="Change the reference curves")
async def put_reference_curves(
    data: JSONBody[schemas.ReferenceCurvesChange],
    db: dependencies.Db,
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> schemas.ReferenceCurves:
    """All of them at once; `curves` null brings the program's own back. 409 `curves_changed` when `version` is old."""
    found = await curves.change_curves(db, actor, settings, data.curves, data.version)
    return _curves_answer(found, principal)


handlers: list[Any] = [
    get_quality,
    get_dose,
    get_compression,
    get_technique,
    get_completeness,
    get_headers,
    get_quality_exams,
    get_reference_curves,
    put_reference_curves,
]
