"""Imaging quality as the API tells it, against what numpy makes of the same rows."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import numpy as np
import pytest

from product import Product
from quality_rows import RANGE, Mammogram, ask, believable, insert_mammograms, raw_values_of, table

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 60
ELSEWHERE = {"from": "2025-01-01", "to": "2025-01-31"}
NAMES = ("doe", "jane", "roe", "rita", "poe")
EXAMS = 110


def phantom(at: datetime, dose: float = 9.0) -> Mammogram:
    return Mammogram(
        study=f"phantom {at}", acquired_at=at.replace(tzinfo=None), arrived_at=at, dose=dose, quality_control=True
    )


@pytest.fixture(scope="module")
async def rows(product: Product) -> list[Mammogram]:
    """All that is in the database."""
    made = believable(7, EXAMS, since=SINCE, days=DAYS)
    made += [phantom(SINCE + timedelta(days=n)) for n in range(5)]
    # A phantom within a patient's study, that would complete it.
    made += [
        Mammogram(study="half", laterality="R", view="CC", acquired_at=datetime(2026, 3, 5, 9), arrived_at=SINCE),
        Mammogram(
            study="half", laterality="L", view="CC", acquired_at=datetime(2026, 3, 5, 9, 1), arrived_at=SINCE,
            quality_control=True,
        ),
    ]  # fmt: skip
    made += [
        Mammogram(study=None, arrived_at=SINCE + timedelta(days=n), status=status, modality=None, station=None,
                  laterality=None, view=None, detector=None, serial=None, operator=None)
        for n, status in enumerate(["rejected", "rejected", "failed"])
    ]  # fmt: skip
    # Outside of the range.
    made.append(Mammogram(study="old", acquired_at=datetime(2026, 2, 28, 23, 59), arrived_at=SINCE))
    made.append(Mammogram(study="late", acquired_at=datetime(2026, 4, 30), arrived_at=SINCE))
    connection = await asyncpg.connect(product.database_url)
    try:
        user_id = await connection.fetchval("SELECT id FROM users WHERE email = 'user@example.org'")
        await insert_mammograms(connection, made, user_id)
    finally:
        await connection.close()
    return made


def day_of(one: Mammogram) -> date:
    return (one.acquired_at or one.arrived_at).date()


def files_of(rows: Iterable[Mammogram]) -> list[Mammogram]:
    first, last = date.fromisoformat(RANGE["from"]), date.fromisoformat(RANGE["to"])
    return [one for one in rows if not one.quality_control and first <= day_of(one) <= last]


def exposures_of(rows: Iterable[Mammogram]) -> list[Mammogram]:
    """One an irradiation event; the rows of these tests differ in the time else."""
    found: dict[Any, Mammogram] = {}
    for one in files_of(rows):
        if one.status == "ready":
            found.setdefault(one.event or one.number, one)
    return list(found.values())


def charted(one: Mammogram) -> bool:
    return one.dose is not None and one.thickness is not None and "organ_dose_mgy" not in one.implausible


# --- numbers --------------------------------------------------------------------------------------------------


def test_dose_by_thickness_is_what_numpy_makes_of_the_rows(product: Product, rows: list[Mammogram]) -> None:
    answer = ask(product, "/dose")
    exposures = exposures_of(rows)
    drawn = [one for one in exposures if charted(one)]
    assert answer["exposures"] == len(exposures)
    assert answer["charted"] == len(drawn)
    assert answer["implausible"] == sum("organ_dose_mgy" in one.implausible for one in exposures) > 0
    assert answer["missing"] == len(exposures) - answer["charted"] - answer["implausible"] > 0
    assert answer["byArrival"] == sum(one.acquired_at is None for one in exposures) > 0
    assert answer["sampled"] is False
    points = {(one["thicknessMm"], one["doseMgy"]) for one in answer["points"]}
    assert len(answer["points"]) == len(drawn)
    assert points == {(one.thickness, one.dose) for one in drawn}
    bins: dict[int, list[float]] = {}
    for one in drawn:
        bins.setdefault(int(one.thickness or 0) // 10 * 10, []).append(one.dose or 0)
    assert [each["from"] for each in answer["bins"]] == sorted(bins)
    for each in answer["bins"]:
        doses = bins[each["from"]]
        assert (each["to"] - each["from"], each["exposures"]) == (10, len(doses))
        assert each["p50"] == pytest.approx(np.percentile(doses, 50), abs=1e-9)
        assert each["p75"] == pytest.approx(np.percentile(doses, 75), abs=1e-9)


def test_phantoms_are_left_out_of_everything_and_counted(product: Product, rows: list[Mammogram]) -> None:
    overview = ask(product)
    assert overview["phantoms"] == sum(bool(one.quality_control) for one in rows) == 6
    assert overview["files"] == len(files_of(rows))
    assert 9.0 not in {point["doseMgy"] for point in ask(product, "/dose")["points"]}
    half = next(one for one in rows if one.study == "half")
    lacking = ask(product, "/exams", missing="L CC", limit=100)["exams"]
    assert half.study_id in {exam["examId"] for exam in lacking}


def test_an_implausible_value_is_in_no_statistic(product: Product, rows: list[Mammogram]) -> None:
    assert max(point["doseMgy"] for point in ask(product, "/dose")["points"]) < 20
    behind = ask(product, "/exams", doseFrom=20)
    assert behind["exams"] == []
    listed = ask(product, "/exams", implausible="organ_dose_mgy", limit=100)["exams"]
    wanted = {one.image_id for one in files_of(rows) if "organ_dose_mgy" in one.implausible}
    assert {image["imageId"] for exam in listed for image in exam["images"]} == wanted
    assert all(image["doseMgy"] is None for exam in listed for image in exam["images"])


def test_compression_is_what_numpy_makes_of_the_rows(product: Product, rows: list[Mammogram]) -> None:
    answer = ask(product, "/compression")
    exposures = exposures_of(rows)
    forces = [one.force for one in exposures if one.force is not None]
    assert answer["force"]["known"] == len(forces)
    assert answer["force"]["missing"] == len(exposures) - len(forces) > 0
    for quartile in (25, 50, 75):
        assert answer["force"][f"p{quartile}"] == pytest.approx(np.percentile(forces, quartile))
    assert {each["from"]: each["exposures"] for each in answer["forces"]} == Counter(
        int(force // 10 * 10) for force in forces
    )
    units = {group["key"]: group for group in answer["byUnit"]}
    assert list(units) == ["MAMMO 1", "MAMMO 2", None]
    for key, group in units.items():
        own = [one.thickness for one in exposures if one.station == key and one.thickness is not None]
        assert group["thickness"]["p50"] == pytest.approx(np.median(own))
        assert group["exposures"] == sum(one.station == key for one in exposures)
    months = {group["key"]: group["exposures"] for group in answer["byMonth"]}
    assert months == Counter(f"{day_of(one):%Y-%m}" for one in exposures)


def test_the_mix_of_technique_is_counted_by_unit_month_and_operator(
    product: Product,
    rows: list[Mammogram],
) -> None:
    answer = ask(product, "/technique", by="detector")
    exposures = exposures_of(rows)
    assert {each["from"]: each["exposures"] for each in answer["kvs"]} == Counter(int(one.kv or 0) for one in exposures)
    mix = {(one["target"], one["filter"]): one["exposures"] for one in answer["materials"]}
    assert mix == Counter((one.target, one.filter) for one in exposures)
    assert (None in {one["filter"] for one in answer["materials"]}) is True
    for group in answer["byUnit"]:
        own = [one for one in exposures if one.detector == group["key"]]
        assert {(one["target"], one["filter"]): one["exposures"] for one in group["materials"]} == Counter(
            (one.target, one.filter) for one in own
        )
    people = Counter(one.operator and one.operator.lower() for one in exposures)
    assert sorted(group["exposures"] for group in answer["byOperator"]) == sorted(people.values())


def test_completeness_counts_exams_by_their_views(product: Product, rows: list[Mammogram]) -> None:
    answer = ask(product, "/completeness")
    exams: dict[str, list[Mammogram]] = {}
    for one in files_of(rows):
        if one.study is not None:
            exams.setdefault(one.study, []).append(one)
    slots = ("R CC", "L CC", "R MLO", "L MLO")
    taken = {
        study: Counter(f"{one.laterality} {one.view}" for one in of_one if one.intent == "FOR PRESENTATION")
        for study, of_one in exams.items()
    }
    total = answer["total"]
    assert total["exams"] == len(exams)
    assert total["complete"] == sum(all(slot in views for slot in slots) for views in taken.values())
    assert {each["view"]: each["exams"] for each in total["missing"]} == {
        slot: sum(slot not in views for views in taken.values()) for slot in slots
    }
    assert total["withRepeats"] == sum(max(views.values()) > 1 for views in taken.values()) > 0
    assert total["repeats"] == sum(count - 1 for views in taken.values() for count in views.values())
    assert total["exposures"] == sum(sum(views.values()) for views in taken.values())
    assert (total["rejected"], total["failed"]) == (2, 1)
    assert total["files"] == len(files_of(rows)) == total["ready"] + 3
    for name in ("exams", "repeats", "files", "rejected"):
        assert total[name] == sum(group[name] for group in answer["byUnit"])
        assert total[name] == sum(group[name] for group in answer["byMonth"])


def test_what_headers_do_not_tell_is_counted_by_value_and_unit(product: Product, rows: list[Mammogram]) -> None:
    answer = ask(product, "/headers")
    files = [one for one in files_of(rows) if one.status == "ready"]
    for group in (answer["total"], *answer["byUnit"]):
        own = files if group is answer["total"] else [one for one in files if one.station == group["key"]]
        values = {value["name"]: value for value in group["values"]}
        assert group["files"] == len(own)
        assert values["organ_dose_mgy"]["missing"] == sum(one.dose is None for one in own)
        assert values["organ_dose_mgy"]["implausible"] == sum("organ_dose_mgy" in one.implausible for one in own)
        assert values["operators_name"]["missing"] == sum(one.operator is None for one in own)
        assert values["acquired_at"]["missing"] == sum(one.acquired_at is None for one in own)
        assert values["filter_material"]["missing"] == sum(one.filter is None for one in own)


def test_points_above_the_limit_are_a_fixed_sample_and_lines_hold_all(
    product: Product,
    rows: list[Mammogram],
) -> None:
    from mammogram_viewer.foundation.settings import Settings
    from mammogram_viewer.quality.service import dose

    async def sampled() -> Any:
        from mammogram_viewer.adapters.database.pool import open_pool
        from mammogram_viewer.foundation.local_days import DayRange
        from mammogram_viewer.quality.models import Selection

        pool = await open_pool(product.database_url, size=2, application_name="tests")
        selection = Selection(
            days=DayRange(date(2026, 3, 1), date(2026, 4, 29), "UTC"),
            from_at=SINCE,
            to_at=SINCE + timedelta(days=DAYS),
            as_of=SINCE,
        )
        try:
            return [await dose(pool, selection, Settings(quality_points_max=most)) for most in (40, 40, 60)]
        finally:
            await pool.close()

    first, again, more = asyncio.run(sampled())
    assert first.sampled
    assert len(first.points) == 40
    assert [point.image_id for point in first.points] == [point.image_id for point in again.points]
    assert {point.image_id for point in first.points} <= {point.image_id for point in more.points}
    assert first.bins == more.bins
    assert sum(each.exposures for each in first.bins) == first.charted


# --- filters and days -----------------------------------------------------------------------------------------


def test_unit_and_operator_narrow_everything_and_unknown_is_a_group_of_its_own(
    product: Product,
    rows: list[Mammogram],
) -> None:
    exposures = exposures_of(rows)
    for by, name in (("station", "station"), ("detector", "detector"), ("serial", "serial")):
        for unit in {getattr(one, name) for one in exposures}:
            answer = ask(product, "/dose", by=by, unit=unit or "")
            assert answer["exposures"] == sum(getattr(one, name) == unit for one in exposures), (by, unit)
    total = 0
    for operator in ask(product)["operators"]:
        answer = ask(product, "/compression", operator=operator["key"] or "")
        total += answer["exposures"]
        assert len(answer["byOperator"]) == 1
        assert answer["byOperator"][0]["label"] == operator["label"]
    assert total == len(exposures)


def test_a_file_without_acquisition_date_is_dated_by_its_arrival_in_the_readers_zone(product: Product) -> None:
    """23:30 in UTC is the next day in Kathmandu; an acquisition date is the unit's own and stays."""

    async def seed() -> None:
        connection = await asyncpg.connect(product.database_url)
        user_id = await connection.fetchval("SELECT id FROM users WHERE email = 'user@example.org'")
        at = datetime(2024, 6, 1, 23, 30, tzinfo=UTC)
        await insert_mammograms(
            connection,
            [
                Mammogram(study="arrived", arrived_at=at),
                Mammogram(study="dated", arrived_at=at, acquired_at=datetime(2024, 6, 1, 23, 30)),
            ],
            user_id,
        )
        await connection.close()

    asyncio.run(seed())
    one_day = {"from": "2024-06-01", "to": "2024-06-01"}
    next_day = {"from": "2024-06-02", "to": "2024-06-02"}
    assert ask(product, "/dose", **one_day)["exposures"] == 2
    assert ask(product, "/dose", **{**one_day, "tz": "Asia/Kathmandu"})["exposures"] == 1
    arrived = ask(product, "/dose", **{**next_day, "tz": "Asia/Kathmandu"})
    assert (arrived["exposures"], arrived["byArrival"]) == (1, 1)
    assert ask(product, "/completeness", **{**next_day, "tz": "Asia/Kathmandu"})["total"]["exams"] == 1


def test_days_without_any_exposure_are_empty_and_nothing_is_nought_that_is_unknown(product: Product) -> None:
    answer = ask(product, "/dose", **ELSEWHERE)
    assert (answer["exposures"], answer["points"], answer["bins"]) == (0, [], [])
    assert ask(product, "/compression", **ELSEWHERE)["force"]["p50"] is None
    assert ask(product, "/technique", **ELSEWHERE)["byUnit"] == []
    assert ask(product, "/completeness", **ELSEWHERE)["total"]["exams"] == 0
    assert ask(product, "/headers", **ELSEWHERE)["byUnit"] == []
    assert ask(product, "/exams", **ELSEWHERE)["exams"] == []


# --- operators ------------------------------------------------------------------------------------------------


def test_operators_are_pseudonyms_that_stay_and_no_answer_holds_a_name(product: Product, rows: list[Mammogram]) -> None:
    overview = ask(product)
    known = [one for one in overview["operators"] if one["key"] is not None]
    # Jane is one person, however her name was typed.
    assert len(known) == 3
    assert all(re.fullmatch(r"Operator [0-9A-F]{4,12}", one["label"]) for one in known)
    assert overview["operators"] == ask(product, who="radiologist")["operators"]
    for path in ("", "/dose", "/compression", "/technique", "/completeness", "/headers", "/exams"):
        for form in ("json", "csv"):
            for panel in ("exposures", "groups", None) if form == "csv" else (None,):
                answer = product.client("admin").get(
                    f"/api/quality{path}",
                    params={**RANGE, "format": form, **({"panel": panel} if panel else {})},
                )
                told = re.sub(r"operators?_?name|operator", "", answer.text.lower())
                assert not [name for name in NAMES if re.search(rf"\b{name}\b", told)], (path, form)


# --- drill-down -----------------------------------------------------------------------------------------------


def test_the_exams_behind_a_bin_are_those_whose_exposures_lie_in_it(product: Product, rows: list[Mammogram]) -> None:
    for each in ask(product, "/dose")["bins"]:
        listed: list[int] = []
        keys: list[int] = []
        cursor: str | None = None
        while True:
            parameters = {"cursor": cursor} if cursor else {}
            page = ask(
                product, "/exams", thicknessFrom=each["from"], thicknessTo=each["to"], doseFrom=0, limit=3, **parameters
            )
            keys += [exam["examId"] for exam in page["exams"]]
            listed += [image["imageId"] for exam in page["exams"] for image in exam["images"]]
            cursor = page["nextCursor"]
            assert page["hasMore"] == (cursor is not None)
            if cursor is None:
                break
        wanted = [
            one for one in exposures_of(rows) if charted(one) and each["from"] <= (one.thickness or 0) < each["to"]
        ]
        assert len(listed) == len(set(listed)) == each["exposures"] == len(wanted)
        assert keys == sorted(set(keys), reverse=True)
        assert set(keys) == {one.study_id for one in wanted}


def test_a_drill_down_by_views_tells_just_the_exams_that_were_counted(product: Product, rows: list[Mammogram]) -> None:
    total = ask(product, "/completeness")["total"]
    for view in total["missing"]:
        found = ask(product, "/exams", missing=view["view"], limit=100)["exams"]
        assert len(found) == view["exams"]
        assert all(view["view"] in exam["missing"] for exam in found)
    repeated = ask(product, "/exams", repeated="any", limit=100)["exams"]
    assert len(repeated) == total["withRepeats"]
    assert all(exam["repeated"] for exam in repeated)


def test_files_that_belong_to_no_exam_are_listed_by_themselves(product: Product, rows: list[Mammogram]) -> None:
    found = ask(product, "/exams", outcome="rejected")["exams"]
    assert [exam["examId"] for exam in found] == [None, None]
    wanted = {one.image_id for one in rows if one.status == "rejected"}
    assert {exam["images"][0]["imageId"] for exam in found} == wanted
    assert found[0]["images"][0]["reasonCode"] == "broken"


def test_month_material_and_lacking_values_narrow_the_drill_down(product: Product, rows: list[Mammogram]) -> None:
    exposures = exposures_of(rows)

    def images(**parameters: Any) -> set[int]:
        found = ask(product, "/exams", limit=100, **parameters)
        assert not found["hasMore"]
        return {image["imageId"] for exam in found["exams"] for image in exam["images"]}

    march = [one for one in exposures if f"{day_of(one):%Y-%m}" == "2026-03"]
    silver = {one.image_id for one in march if one.filter == "SILVER"}
    assert images(month="2026-03", filter="SILVER") == silver
    assert images(filter="") == {one.image_id for one in exposures if one.filter is None}
    lacking = {one.image_id for one in files_of(rows) if one.status == "ready" and one.dose is None}
    assert images(lacks="organ_dose_mgy") == lacking


# --- CSV ------------------------------------------------------------------------------------------------------


def test_each_panel_is_there_as_csv_with_the_same_numbers(product: Product, rows: list[Mammogram]) -> None:
    dose = ask(product, "/dose")
    bins = table(product, "/dose", "bins")
    assert [float(row["dose_p75_mgy"]) for row in bins] == [each["p75"] for each in dose["bins"]]
    exposures = table(product, "/dose", "exposures")
    assert len(exposures) == dose["exposures"]
    assert {int(row["image_id"]) for row in exposures} == {one.image_id for one in exposures_of(rows)}
    assert len(table(product, "/dose", "curves")) == 14
    groups = table(product, "/compression", "groups")
    assert {row["by"] for row in groups} == {"unit", "month", "operator"}
    assert len(table(product, "/compression", "forces")) == len(ask(product, "/compression")["forces"])
    assert table(product, "/compression", "thicknesses")
    assert table(product, "/technique", "groups")
    assert table(product, "/technique", "kvs")
    mix = table(product, "/technique", "materials")
    assert sum(int(row["exposures"]) for row in mix if row["by"] == "all") == dose["exposures"]
    (total,) = [row for row in table(product, "/completeness", "groups") if row["by"] == "all"]
    assert int(total["rejected"]) == 2
    missing = [row for row in table(product, "/headers", "values") if row["by"] == "all"]
    assert {row["value"] for row in missing} >= {"organ_dose_mgy", "station_name"}


def test_raw_values_and_their_picture_are_one_exposure() -> None:
    """What the rows of these tests say, too."""
    one = Mammogram(study="a", arrived_at=SINCE, event="1.2.3")
    assert len(exposures_of([one, raw_values_of(one)])) == 1
