"""The lines that doses are shown beside. They are the installation's own; without any, the program's.

They are lines to look along, for a unit and many exposures. Nothing here compares a patient's exposure with them."""

from __future__ import annotations

from math import isfinite
from typing import Any

import asyncpg
import msgspec

from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.foundation.errors import Conflict, Invalid
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.quality import queries
from mammogram_viewer.quality.models import Curve, CurvePoint, Curves

_MAX_TEXT = 200
_SOURCE = (
    "European guidelines for quality assurance in breast cancer screening and diagnosis, 4th edition (2006): {} level "
    "of average glandular dose, for PMMA-equivalent breast thickness"
)
_LEVELS = (
    # Equivalent breast thickness (mm), acceptable and achievable average glandular dose (mGy).
    (21, 1.0, 0.6),
    (32, 1.5, 1.0),
    (45, 2.0, 1.6),
    (53, 2.5, 2.0),
    (60, 3.0, 2.4),
    (75, 4.5, 3.6),
    (90, 6.5, 5.1),
)
DEFAULT_CURVES = [
    Curve(
        name=f"{word.title()} (EU, PMMA-equivalent)",
        source=_SOURCE.format(word),
        points=[CurvePoint(thickness_mm=levels[0], dose_mgy=levels[column]) for levels in _LEVELS],
    )
    for column, word in ((1, "acceptable"), (2, "achievable"))
]


async def get_curves(db: Any) -> Curves:
    row = await queries.find_curves(db)
    if row is None:
        return Curves(curves=DEFAULT_CURVES, version=0)
    return Curves(
        curves=msgspec.convert(row["curves"], list[Curve]),
        version=row["version"],
        changed_at=row["changed_at"],
        changed_by=row["changed_by"],
    )


async def change_curves(
    db: asyncpg.Pool, actor: Actor, settings: Settings, curves: list[Curve] | None, version: int
) -> Curves:
    """Put these in the place of those of `version`; None: the program's again. Conflict `curves_changed` when somebody
    else was faster. Invalid `invalid_curve`."""
    wanted = DEFAULT_CURVES if curves is None else [_checked(curve, settings) for curve in curves]
    if len(wanted) > settings.quality_curves_max:
        raise Invalid(
            f"At most {settings.quality_curves_max} curves (MAMMOGRAM_VIEWER_QUALITY_CURVES_MAX).", code="invalid_curve"
        )
    if len({curve.name for curve in wanted}) < len(wanted):
        raise Invalid("Two curves have the same name.", code="invalid_curve")
    async with db.acquire() as connection, connection.transaction():
        before = await get_curves(connection)
        if before.version != version or not await queries.save_curves(
            connection, msgspec.to_builtins(wanted), version, actor.user_id
        ):
            raise Conflict(
                "Somebody else has changed the curves meanwhile. Look at theirs first.", code="curves_changed"
            )
        await record_audit(
            connection,
            actor,
            "reference_curves_changed",
            detail={"before": msgspec.to_builtins(before.curves), "after": msgspec.to_builtins(wanted)},
        )
        return await get_curves(connection)


def _checked(curve: Curve, settings: Settings) -> Curve:
    name, source = (_plain(text) for text in (curve.name, curve.source))
    if not name:
        raise Invalid("A curve needs a name.", code="invalid_curve")
    if not source:
        raise Invalid("Say where the curve comes from.", code="invalid_curve")
    if not 2 <= len(curve.points) <= settings.quality_curve_points_max:
        raise Invalid(
            f"A curve has 2 to {settings.quality_curve_points_max} points (MAMMOGRAM_VIEWER_QUALITY_CURVE_POINTS_MAX).",
            code="invalid_curve",
        )
    points = sorted(curve.points, key=lambda point: point.thickness_mm)
    if len({point.thickness_mm for point in points}) < len(points):
        raise Invalid("Two points of a curve have the same thickness.", code="invalid_curve")
    for point in points:
        if not (isfinite(point.thickness_mm) and 0 < point.thickness_mm <= 200):
            raise Invalid("Thickness must lie between 0 and 200 mm.", code="invalid_curve")
        if not (isfinite(point.dose_mgy) and 0 < point.dose_mgy <= 50):
            raise Invalid("Dose must lie between 0 and 50 mGy.", code="invalid_curve")
    return Curve(name=name, source=source, points=points)


def _plain(text: str) -> str:
    """One line of printable text; PostgreSQL refuses NUL, and a legend has no room for more."""
    kept = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    if len(kept) > _MAX_TEXT:
        raise Invalid(f"Names and sources have at most {_MAX_TEXT} characters.", code="invalid_curve")
    return kept
