"""Mammograms for tests of imaging quality: rows as filing makes them, without files, and what was written as values.

Each is told apart by its `image_id`; what a test computes from the list is independent of any SQL of ours."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import numpy as np

from product import Product

_numbers = itertools.count(1)
RANGE = {"from": "2026-03-01", "to": "2026-04-29", "tz": "UTC"}
VIEWS = (("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO"))


@dataclass(kw_only=True)
class Mammogram:
    """One file. `study` is a name of the test's own; `acquired_at` None: dated by its arrival."""

    study: str | None
    laterality: str | None = "R"
    view: str | None = "CC"
    acquired_at: datetime | None = None
    arrived_at: datetime
    station: str | None = "MAMMO 1"
    manufacturer: str | None = "Maker"
    detector: str | None = "D1"
    serial: str | None = "S1"
    operator: str | None = "Doe^Jane"
    dose: float | None = 1.5
    entrance: float | None = 6.0
    thickness: float | None = 55.0
    force: float | None = 100.0
    kv: float | None = 28.0
    mas: float | None = 80.0
    target: str | None = "TUNGSTEN"
    filter: str | None = "RHODIUM"
    event: str | None = None
    intent: str = "FOR PRESENTATION"
    status: str = "ready"
    modality: str | None = "MG"
    quality_control: bool | None = False
    implausible: tuple[str, ...] = ()
    modifiers: tuple[str, ...] = ()
    frames: int = 1
    sop_instance_uid: str | None = None
    image_id: int = 0
    study_id: int | None = None
    number: int = field(default_factory=lambda: next(_numbers))


async def insert_mammograms(db: Any, mammograms: Iterable[Mammogram], user_id: int) -> None:
    """Write them; each is told its `image_id` and `study_id`."""
    studies: dict[str, int] = {}
    series: dict[tuple[str, str | None], int] = {}
    async with db.transaction():
        for one in mammograms:
            series_id = None
            if one.study is not None:
                if one.study not in studies:
                    studies[one.study] = await db.fetchval(
                        "INSERT INTO studies (study_instance_uid, created_at) VALUES ($1, $2) RETURNING id",
                        f"1.2.3.{next(_numbers)}",
                        one.arrived_at,
                    )
                key = (one.study, one.station)
                if key not in series:
                    series[key] = await db.fetchval(
                        """INSERT INTO series (series_instance_uid, study_id, modality, manufacturer, station_name)
                           VALUES ($1, $2, 'MG', $3, $4) RETURNING id""",
                        f"1.2.4.{next(_numbers)}",
                        studies[one.study],
                        one.manufacturer,
                        one.station,
                    )
                series_id = series[key]
            one.study_id = None if one.study is None else studies[one.study]
            one.image_id = await _insert(db, one, user_id, series_id)


async def _insert(db: Any, one: Mammogram, user_id: int, series_id: int | None) -> int:
    image_id = await db.fetchval(
        """INSERT INTO images (user_id, created_at, file_type, original_name, byte_count, sha256, storage_key, status,
               reason_code, reason, study_id, series_id, modality, laterality, view_position, acquired_at,
               presentation_intent_type, number_of_frames, view_modifiers, sop_instance_uid, study_at)
           VALUES ($1, $2, 'dicom', $3, 1000, $4, $5, $6, $7, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
           RETURNING id""",
        user_id,
        one.arrived_at,
        f"{one.number}.dcm",
        hashlib.sha256(f"quality {one.number}".encode()).digest(),
        f"originals/quality/{one.number}",
        one.status,
        "broken" if one.status in ("rejected", "failed") else None,
        one.study_id,
        series_id,
        one.modality,
        one.laterality,
        one.view,
        one.acquired_at,
        one.intent,
        one.frames,
        list(one.modifiers),
        one.sop_instance_uid or f"1.2.5.{one.number}",
        one.acquired_at and one.acquired_at.replace(hour=0, minute=0, second=0, microsecond=0),
    )
    await db.execute(
        """INSERT INTO image_acquisitions (image_id, quality_control_image, kvp_kv, exposure_mas, organ_dose_mgy,
               entrance_dose_mgy, compression_force_n, body_part_thickness_mm, anode_target_material, filter_material,
               detector_id, device_serial_number, operators_name, irradiation_event_uid, implausible)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)""",
        image_id,
        one.quality_control,
        one.kv,
        one.mas,
        one.dose,
        one.entrance,
        one.force,
        one.thickness,
        one.target,
        one.filter,
        one.detector,
        one.serial,
        one.operator,
        one.event,
        list(one.implausible),
    )
    return image_id


def believable(seed: int, exams: int, *, since: datetime, days: int) -> list[Mammogram]:
    """Exams of four views on two units by three operators and unknown ones. Some views are missing or repeated, some
    values missing or implausible; some exposures come as raw values and picture. Times carry the zone of `since`;
    `acquired_at` is local to the unit."""
    draw = np.random.default_rng(seed)
    found: list[Mammogram] = []
    for number in range(exams):
        at = since + timedelta(days=int(draw.integers(days)), seconds=int(draw.integers(86_400)))
        unit = int(draw.integers(5))
        operator = [None, "Doe^Jane", "Roe^Rita", "DOE^JANE", "Poe^Ann"][int(draw.integers(5))]
        views = [view for view in VIEWS if draw.random() > 0.08]
        if views and draw.random() < 0.15:
            views.append(views[0])
        for place, (laterality, view) in enumerate(views):
            thickness = float(round(np.clip(draw.normal(57, 13), 18, 100)))
            dose = round(float(0.6 + (thickness / 60) ** 2 * draw.uniform(0.8, 1.4)), 3)
            kv = float(26 + thickness // 15)
            one = Mammogram(
                study=f"{seed}-{number}",
                laterality=laterality,
                view=view,
                acquired_at=None if number % 11 == 0 else at.replace(tzinfo=None) + timedelta(seconds=40 * place),
                arrived_at=at + timedelta(hours=2),
                station=[None, "MAMMO 1", "MAMMO 1", "MAMMO 2", "MAMMO 2"][unit],
                detector=[None, "D1", "D2", "D3", "D3"][unit],
                serial=[None, "S1", "S1", "S2", "S2"][unit],
                operator=operator,
                thickness=None if draw.random() < 0.04 else thickness,
                dose=None if draw.random() < 0.06 else dose,
                force=None if draw.random() < 0.03 else float(round(draw.normal(110, 22))),
                kv=kv,
                target="TUNGSTEN" if unit < 3 else "MOLYBDENUM",
                filter=None if draw.random() < 0.02 else ("RHODIUM" if thickness < 70 else "SILVER"),
                event=f"1.2.9.{seed}.{number}.{place}" if number % 3 else None,
            )
            if draw.random() < 0.03 and one.dose is not None:
                one.dose, one.implausible = one.dose * 100, ("organ_dose_mgy",)
            found.append(one)
            if one.event and draw.random() < 0.2:
                found.append(raw_values_of(one))
    return found


def raw_values_of(one: Mammogram) -> Mammogram:
    """The same exposure as it came from the detector."""
    taken = {**vars(one), "intent": "FOR PROCESSING", "number": next(_numbers)}
    return Mammogram(**taken)


def ask(product: Product, path: str = "", who: str = "admin", **parameters: Any) -> Any:
    answer = product.client(who).get(f"/api/quality{path}", params={**RANGE, **parameters})
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")


def table(product: Product, path: str, panel: str, **parameters: Any) -> list[dict[str, str]]:
    answer = product.client("radiologist").get(
        f"/api/quality{path}", params={**RANGE, "format": "csv", "panel": panel, **parameters}
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
