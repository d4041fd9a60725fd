"""Imaging quality in numbers: dose, compression, technique, completeness of exams, and what headers do not tell.

They speak of units and of many exposures. Nothing here says of a patient's exposure that it is good or bad."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from mammogram_viewer.archive.exam_models import Counts, counts_of
from mammogram_viewer.archive.exam_views import SLOTS, exposures_of, is_mammographic, repeats_of, views_of
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.quality import queries, schemas
from mammogram_viewer.quality.curves import get_curves
from mammogram_viewer.quality.models import Selection
from mammogram_viewer.quality.operators import Operators, read_operators
from mammogram_viewer.quality.selections import HEADER_VALUES

_BIN = 10
_GROUPS = ("unit", "month", "operator")


def range_of(selection: Selection) -> schemas.QualityRange:
    days = selection.days
    return schemas.QualityRange(
        first=days.first,
        last=days.last,
        days=days.days,
        tz=days.tz,
        from_at=selection.from_at,
        to_at=selection.to_at,
        as_of=selection.as_of,
        partial=selection.as_of < selection.to_at,
    )


async def overview(db: Any, selection: Selection) -> schemas.QualityOverview:
    """What there is to choose from, and how much."""
    operators = await read_operators(db)
    found = await queries.read_choices(db, selection)
    return schemas.QualityOverview(
        range=range_of(selection),
        by=selection.by,
        **found["files"][0],
        **found["exposures"][0],
        phantoms=await queries.count_phantoms(db, selection),
        units=[schemas.QualityUnit(**row) for row in found["units"]],
        operators=sorted(
            (
                schemas.QualityOperator(
                    key=operators.key(row["key"]), label=operators.label(row["key"]), files=row["files"]
                )
                for row in found["operators"]
            ),
            # Their order must not be that of names.
            key=lambda one: (one.key is None, one.key or ""),
        ),
    )


async def dose(db: Any, selection: Selection, settings: Settings) -> schemas.DoseByThickness:
    """Mean glandular dose against the thickness of the compressed breast."""
    found = await queries.read_dose(db, selection, points=settings.quality_points_max)
    (counts,) = found["counts"]
    curves = await get_curves(db)
    return schemas.DoseByThickness(
        range=range_of(selection),
        **counts,
        missing=counts["exposures"] - counts["charted"] - counts["implausible"],
        sampled=counts["charted"] > len(found["points"]),
        points=[schemas.DosePoint(**point) for point in found["points"]],
        bins=[_bin(schemas.DoseBin, row, _BIN) for row in found["bins"]],
        curves=curves.curves,
    )


async def compression(db: Any, selection: Selection) -> schemas.Compression:
    operators = await read_operators(db)
    found = await queries.read_compression(db, selection)
    (total,) = found["all"]
    groups = {
        name: _grouped(
            found[name],
            operators if name == "operator" else None,
            lambda row, named: schemas.CompressionGroup(
                **named, exposures=row["exposures"], force=_spread(row, "force"), thickness=_spread(row, "thickness")
            ),
        )
        for name in _GROUPS
    }
    return schemas.Compression(
        range=range_of(selection),
        exposures=total["exposures"],
        force=_spread(total, "force"),
        thickness=_spread(total, "thickness"),
        forces=[_bin(schemas.Bin, row, _BIN) for row in found["forces"]],
        thicknesses=[_bin(schemas.Bin, row, _BIN) for row in found["thicknesses"]],
        by_unit=groups["unit"],
        by_month=groups["month"],
        by_operator=groups["operator"],
    )


async def technique(db: Any, selection: Selection) -> schemas.TechniqueMix:
    """Kilovolts and materials, by unit, month and operator."""
    operators = await read_operators(db)
    found = await queries.read_technique(db, selection)
    (total,) = found["all"]
    groups = {}
    for name in _GROUPS:
        materials: dict[str | None, list[schemas.Material]] = defaultdict(list)
        for row in found[f"materials_{name}"]:
            materials[row["key"]].append(_material(row))
        groups[name] = _grouped(
            found[name],
            operators if name == "operator" else None,
            lambda row, named, materials=materials: schemas.TechniqueGroup(
                **named, exposures=row["exposures"], kv=_spread(row, "kv"), materials=materials[row["key"]]
            ),
        )
    return schemas.TechniqueMix(
        range=range_of(selection),
        exposures=total["exposures"],
        kv=_spread(total, "kv"),
        kvs=[_bin(schemas.Bin, row, 1) for row in found["kvs"]],
        materials=[_material(row) for row in found["materials"]],
        by_unit=groups["unit"],
        by_month=groups["month"],
        by_operator=groups["operator"],
    )


async def missing_in_headers(db: Any, selection: Selection) -> schemas.MissingInHeaders:
    rows = await queries.read_headers(db, selection)
    total: dict[str, Any] = defaultdict(int)
    for row in rows:
        for name, count in row.items():
            if name != "key":
                total[name] += count
    return schemas.MissingInHeaders(
        range=range_of(selection),
        total=_header_group({**total, "key": None}),
        by_unit=[_header_group(row) for row in rows],
    )


async def completeness(db: Any, selection: Selection) -> schemas.Completeness:
    """Exams by the views they hold, and files by what became of them."""
    patterns = await queries.read_exam_patterns(db, selection)
    outcomes = await queries.read_outcomes(db, selection)
    everything: dict[str, Any] = {}
    units: dict[str | None, dict[str, Any]] = {}
    months: dict[str | None, dict[str, Any]] = {}
    for row in patterns:
        counts = counts_of(row["views"])
        for group in (everything, units.setdefault(row["unit"], {}), months.setdefault(row["month"], {})):
            _add_exams(group, counts, row["exams"], row["by_arrival"])
    for row in outcomes:
        for group in (everything, units.setdefault(row["unit"], {}), months.setdefault(row["month"], {})):
            for name in ("files", "ready", "rejected", "failed"):
                group[name] = group.get(name, 0) + row[name]
    return schemas.Completeness(
        range=range_of(selection),
        total=_completeness_group(None, everything),
        by_unit=[_completeness_group(key, units[key]) for key in _sorted(units)],
        by_month=[_completeness_group(key, months[key]) for key in _sorted(months)],
    )


def _add_exams(group: dict[str, Any], counts: Counts, exams: int, by_arrival: int) -> None:
    views = views_of(counts)
    if not is_mammographic(views):
        return
    added = {
        "exams": exams,
        "complete": 0 if views.missing else exams,
        "by_arrival": by_arrival,
        "with_repeats": exams if views.repeated else 0,
        "exposures": exams * exposures_of(counts),
        "repeats": exams * repeats_of(counts),
        **{f"missing {view}": exams for view in views.missing},
    }
    for name, number in added.items():
        group[name] = group.get(name, 0) + number


def _completeness_group(key: str | None, group: dict[str, Any]) -> schemas.CompletenessGroup:
    plain = ("exams", "complete", "by_arrival", "with_repeats", "exposures", "repeats", "files", "ready", "rejected")
    return schemas.CompletenessGroup(
        key=key,
        missing=[schemas.MissingView(view=view, exams=group.get(f"missing {view}", 0)) for view in SLOTS],
        failed=group.get("failed", 0),
        **{name: group.get(name, 0) for name in plain},
    )


def _sorted(keys: Any) -> list[Any]:
    return sorted(keys, key=lambda key: (key is None, key or ""))


def _header_group(row: dict[str, Any]) -> schemas.HeaderGroup:
    return schemas.HeaderGroup(
        key=row["key"],
        files=row.get("files", 0),
        values=[
            schemas.HeaderValue(
                name=name, missing=row.get(f"missing_{name}", 0), implausible=row.get(f"implausible_{name}", 0)
            )
            for name in HEADER_VALUES
        ],
    )


def _grouped(rows: list[dict[str, Any]], operators: Operators | None, made: Callable[..., Any]) -> list[Any]:
    """The groups, those that no header names last. Operators are put in the order of their pseudonyms: the order of
    their names would tell something of them."""
    named = [
        (
            row,
            {"key": row["key"], "label": row["key"]}
            if operators is None
            else {"key": operators.key(row["key"]), "label": operators.label(row["key"])},
        )
        for row in rows
    ]
    named.sort(key=lambda one: (one[1]["key"] is None, one[1]["key"] or ""))
    return [made(row, names) for row, names in named]


def _bin(kind: Any, row: dict[str, Any], width: int) -> Any:
    first = row.pop("from")
    return kind(first=first, last=first + width, **row)


def _material(row: dict[str, Any]) -> schemas.Material:
    return schemas.Material(target=row["target"], filter=row["filter"], exposures=row["exposures"])


def _spread(row: dict[str, Any], name: str) -> schemas.Spread:
    known, implausible = row[f"{name}_known"], row[f"{name}_implausible"]
    return schemas.Spread(
        known=known,
        missing=row["exposures"] - known - implausible,
        implausible=implausible,
        p25=row[f"{name}_p25"],
        p50=row[f"{name}_p50"],
        p75=row[f"{name}_p75"],
    )
