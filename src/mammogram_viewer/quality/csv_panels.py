"""Each panel as CSV. Units stand in the heads of columns; an empty cell is what nobody knows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from mammogram_viewer.foundation.csv_text import CsvValue, csv_row
from mammogram_viewer.quality import queries, schemas
from mammogram_viewer.quality.models import Selection
from mammogram_viewer.quality.operators import Operators

BOM = "\ufeff"  # spreadsheet programs take a file for UTF-8 by it
_AT_ONCE = 1000
_SPREAD = ("known", "missing", "implausible", "p25", "p50", "p75")
Rows = Iterable[Iterable[CsvValue]]


def dose_bins(answer: schemas.DoseByThickness) -> Rows:
    yield ("thickness_from_mm", "thickness_to_mm", "exposures", "dose_p50_mgy", "dose_p75_mgy")
    for each in answer.bins:
        yield (each.first, each.last, each.exposures, each.p50, each.p75)


def curve_points(answer: schemas.DoseByThickness) -> Rows:
    yield ("curve", "source", "thickness_mm", "dose_mgy")
    for curve in answer.curves:
        for point in curve.points:
            yield (curve.name, curve.source, point.thickness_mm, point.dose_mgy)


def _bins(unit: str) -> Callable[[list[schemas.Bin]], Rows]:
    def rows(bins: list[schemas.Bin]) -> Rows:
        yield (f"from_{unit}", f"to_{unit}", "exposures")
        for each in bins:
            yield (each.first, each.last, each.exposures)

    return rows


def _spread(spread: schemas.Spread) -> list[CsvValue]:
    return [getattr(spread, name) for name in _SPREAD]


def _heads(name: str, unit: str) -> list[str]:
    return [f"{name}_{each}" + (f"_{unit}" if each.startswith("p") else "") for each in _SPREAD]


def compression_groups(answer: schemas.Compression) -> Rows:
    yield ("by", "group", "exposures", *_heads("force", "n"), *_heads("thickness", "mm"))
    for by, groups in (("unit", answer.by_unit), ("month", answer.by_month), ("operator", answer.by_operator)):
        for group in groups:
            yield (by, group.label, group.exposures, *_spread(group.force), *_spread(group.thickness))


def technique_groups(answer: schemas.TechniqueMix) -> Rows:
    yield ("by", "group", "exposures", *_heads("kv", "kv"))
    for by, groups in (("unit", answer.by_unit), ("month", answer.by_month), ("operator", answer.by_operator)):
        for group in groups:
            yield (by, group.label, group.exposures, *_spread(group.kv))


def materials(answer: schemas.TechniqueMix) -> Rows:
    yield ("by", "group", "target", "filter", "exposures")
    for material in answer.materials:
        yield ("all", None, material.target, material.filter, material.exposures)
    for by, groups in (("unit", answer.by_unit), ("month", answer.by_month), ("operator", answer.by_operator)):
        for group in groups:
            for material in group.materials:
                yield (by, group.label, material.target, material.filter, material.exposures)


def completeness_groups(answer: schemas.Completeness) -> Rows:
    plain = ("exams", "complete", "with_repeats", "exposures", "repeats", "files", "ready", "rejected", "failed")
    views = [each.view for each in answer.total.missing]
    yield ("by", "group", *plain, *(f"missing {view}" for view in views))
    for by, groups in (("all", [answer.total]), ("unit", answer.by_unit), ("month", answer.by_month)):
        for group in groups:
            yield (by, group.key, *(getattr(group, name) for name in plain), *(each.exams for each in group.missing))


def missing_values(answer: schemas.MissingInHeaders) -> Rows:
    yield ("by", "group", "value", "files", "missing", "implausible")
    for by, groups in (("all", [answer.total]), ("unit", answer.by_unit)):
        for group in groups:
            for value in group.values:
                yield (by, group.key, value.name, group.files, value.missing, value.implausible)


PANELS: dict[str, dict[str, Callable[[Any], Rows]]] = {
    "dose": {"bins": dose_bins, "curves": curve_points},
    "compression": {
        "groups": compression_groups,
        "forces": lambda answer: _bins("n")(answer.forces),
        "thicknesses": lambda answer: _bins("mm")(answer.thicknesses),
    },
    "technique": {
        "groups": technique_groups,
        "materials": materials,
        "kvs": lambda answer: _bins("kv")(answer.kvs),
    },
    "completeness": {"groups": completeness_groups},
    "headers": {"values": missing_values},
}
EXPOSURES = "exposures"  # of the dose panel: every one of them, streamed
_COLUMNS = {
    "image_id": "id",
    "exam_id": "exam_id",
    "taken_on": "taken_on",
    "dated_by_arrival": "by_arrival",
    "unit": "unit",
    "manufacturer": "manufacturer",
    "laterality": "laterality",
    "view_position": "view_position",
    "organ_dose_mgy": "organ_dose_mgy",
    "entrance_dose_mgy": "entrance_dose_mgy",
    "body_part_thickness_mm": "body_part_thickness_mm",
    "compression_force_n": "compression_force_n",
    "kvp_kv": "kvp_kv",
    "exposure_mas": "exposure_mas",
    "target": "target",
    "filter": "filter",
}


def text_of(rows: Rows) -> str:
    return BOM + "".join(csv_row(row) for row in rows)


async def exposures_csv(connection: Any, selection: Selection, operators: Operators) -> AsyncIterator[bytes]:
    """Every exposure, implausible values left empty and named in the last column. In a transaction of the caller's."""
    yield csv_row([*_COLUMNS, "operator", "implausible"]).encode()
    async for rows in queries.stream_exposures(connection, selection, at_once=_AT_ONCE):
        yield "".join(
            csv_row(
                [
                    *(row[column] for column in _COLUMNS.values()),
                    operators.label(row["operator"]),
                    " ".join(row["implausible"]),
                ]
            )
            for row in rows
        ).encode()
