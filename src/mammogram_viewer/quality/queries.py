"""SQL of imaging quality: each question a walk over the files of the days wanted, answered by PostgreSQL as rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg

from mammogram_viewer.quality.models import Selection
from mammogram_viewer.quality.selections import EXPOSURES, HEADER_VALUES, OPERATOR, exams_of, files_of

Database = Any  # a pool or a connection
Row = dict[str, Any]
GROUPS = {"unit": "unit", "month": "to_char(taken_on, 'YYYY-MM')", "operator": "operator"}
_STATISTICS = """percentile_cont(0.25) WITHIN GROUP (ORDER BY {0}) AS {1}_p25,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY {0}) AS {1}_p50,
    percentile_cont(0.75) WITHIN GROUP (ORDER BY {0}) AS {1}_p75,
    count({0}) AS {1}_known, count(*) FILTER (WHERE '{0}' = ANY (implausible)) AS {1}_implausible"""
# A fixed order that has nothing to do with time, unit or dose, the same at every look.
_SHUFFLED = "(id * 2654435761) % 4294967296"


async def _answers(
    db: Database, selection: Selection, questions: dict[str, str], *, values: tuple[Any, ...] = (), also: str = ""
) -> dict[str, list[Row]]:
    """The rows of several questions over the same `files` and `exposures`, which are read once."""
    told = " UNION ALL ".join(
        f"SELECT '{name}' AS name, coalesce(jsonb_agg(q), '[]') AS rows FROM ({sql}) q"
        for name, sql in questions.items()
    )
    used = " ".join(questions.values())
    exposures = f", {EXPOSURES.replace('AS (', 'AS MATERIALIZED (', 1)}" if "exposures" in used else ""
    files = files_of(selection.by, also).replace("AS (", "AS MATERIALIZED (", 1)
    rows = await db.fetch(f"WITH {files}{exposures} {told}", *selection.values, *values)
    return {row["name"]: row["rows"] for row in rows}


def _bins(value: str, width: int, further: str = "") -> str:
    return f"""SELECT floor({value} / {width})::integer * {width} AS "from", count(*) AS exposures{further}
        FROM exposures WHERE {value} IS NOT NULL GROUP BY 1 ORDER BY 1"""


def _groups(statistics: dict[str, str]) -> dict[str, str]:
    """A question a way of grouping. What the header does not tell is a group of its own, with a key of null."""
    told = ", ".join(_STATISTICS.format(value, name) for value, name in statistics.items())
    return {
        name: f"SELECT {key} AS key, count(*) AS exposures, {told} FROM exposures GROUP BY 1 ORDER BY 1 NULLS LAST"
        for name, key in GROUPS.items()
    }


async def read_choices(db: Database, selection: Selection) -> dict[str, list[Row]]:
    return await _answers(
        db,
        selection,
        {
            "units": """SELECT unit AS key, string_agg(DISTINCT manufacturer, ', ') AS manufacturer, count(*) AS files
                FROM files GROUP BY 1 ORDER BY 1 NULLS LAST""",
            "operators": "SELECT operator AS key, count(*) AS files FROM files GROUP BY 1 ORDER BY 1 NULLS LAST",
            "files": """SELECT count(*) AS files, count(*) FILTER (WHERE by_arrival) AS by_arrival FROM files""",
            "exposures": "SELECT count(*) AS exposures FROM exposures",
        },
    )


async def count_phantoms(db: Database, selection: Selection) -> int:
    """Files of these days that are left out everywhere, of whatever unit."""
    return await db.fetchval(
        """SELECT count(*) FROM image_acquisitions a JOIN images i ON i.id = a.image_id
           WHERE a.quality_control_image AND i.file_type = 'dicom' AND i.object_kind = 'image' AND i.modality = 'MG'
             AND ((i.acquired_at >= $1::date AND i.acquired_at < $2::date + 1)
                  OR (i.acquired_at IS NULL AND i.created_at >= $3 AND i.created_at < $4))""",
        *selection.values[:4],
    )


async def read_dose(db: Database, selection: Selection, *, points: int) -> dict[str, list[Row]]:
    dose, thickness = "organ_dose_mgy", "body_part_thickness_mm"
    charted = f"{dose} IS NOT NULL AND {thickness} IS NOT NULL"
    return await _answers(
        db,
        selection,
        {
            "counts": f"""SELECT count(*) AS exposures, count(*) FILTER (WHERE {charted}) AS charted,
                count(*) FILTER (WHERE implausible && ARRAY['{dose}', '{thickness}']) AS implausible,
                count(*) FILTER (WHERE by_arrival) AS by_arrival FROM exposures""",
            "bins": f"""SELECT floor({thickness} / 10)::integer * 10 AS "from", count(*) AS exposures,
                percentile_cont(0.5) WITHIN GROUP (ORDER BY {dose}) AS p50,
                percentile_cont(0.75) WITHIN GROUP (ORDER BY {dose}) AS p75
                FROM exposures WHERE {charted} GROUP BY 1 ORDER BY 1""",
            "points": f"""SELECT id AS image_id, {thickness} AS thickness_mm, {dose} AS dose_mgy
                FROM exposures WHERE {charted} ORDER BY {_SHUFFLED} LIMIT $8""",
        },
        values=(points,),
    )


async def stream_exposures(
    connection: asyncpg.Connection, selection: Selection, *, at_once: int
) -> AsyncIterator[list[asyncpg.Record]]:
    """Every exposure with its exam, earliest file first, in pieces; the caller holds a transaction."""
    cursor = await connection.cursor(
        f"""WITH {files_of(selection.by)}, {EXPOSURES}
            SELECT x.*, coalesce(s.grouped_into, s.id) AS exam_id
            FROM exposures x LEFT JOIN studies s ON s.id = x.study_id ORDER BY x.id""",
        *selection.values,
    )
    while rows := await cursor.fetch(at_once):
        yield rows


async def read_compression(db: Database, selection: Selection) -> dict[str, list[Row]]:
    force, thickness = "compression_force_n", "body_part_thickness_mm"
    return await _answers(
        db,
        selection,
        {
            "forces": _bins(force, 10),
            "thicknesses": _bins(thickness, 10),
            "all": f"SELECT count(*) AS exposures, {_STATISTICS.format(force, 'force')},"
            f" {_STATISTICS.format(thickness, 'thickness')} FROM exposures",
            **_groups({force: "force", thickness: "thickness"}),
        },
    )


async def read_technique(db: Database, selection: Selection) -> dict[str, list[Row]]:
    materials = {
        f"materials_{name}": f"""SELECT {key} AS key, target, filter, count(*) AS exposures FROM exposures
            GROUP BY 1, 2, 3 ORDER BY 4 DESC, 2, 3"""
        for name, key in GROUPS.items()
    }
    return await _answers(
        db,
        selection,
        {
            "kvs": _bins("kvp_kv", 1),
            "materials": """SELECT target, filter, count(*) AS exposures FROM exposures
                GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2""",
            "all": f"SELECT count(*) AS exposures, {_STATISTICS.format('kvp_kv', 'kv')} FROM exposures",
            **_groups({"kvp_kv": "kv"}),
            **materials,
        },
    )


async def read_headers(db: Database, selection: Selection) -> list[Row]:
    """A row a unit: how many files, and of each value how many lack it or give an implausible one."""
    told = ", ".join(f"({column} IS NULL) AS lacks_{name}" for name, column in HEADER_VALUES.items())
    counted = ", ".join(
        f"count(*) FILTER (WHERE lacks_{name}) AS missing_{name},"
        f" count(*) FILTER (WHERE '{name}' = ANY (implausible)) AS implausible_{name}"
        for name in HEADER_VALUES
    )
    return (
        await _answers(
            db,
            selection,
            {
                "headers": f"""SELECT unit AS key, count(*) AS files, {counted} FROM files
                    WHERE status = 'ready' AND modality = 'MG' GROUP BY 1 ORDER BY 1 NULLS LAST"""
            },
            also=f", {told}",
        )
    )["headers"]


async def read_outcomes(db: Database, selection: Selection) -> list[Row]:
    """A row a unit and month: what became of the files, and how many exposures those that are shown are."""
    answers = await _answers(
        db,
        selection,
        {
            "files": f"""SELECT unit, {GROUPS["month"]} AS month, count(*) AS files,
                count(*) FILTER (WHERE status = 'ready') AS ready,
                count(*) FILTER (WHERE status = 'rejected') AS rejected,
                count(*) FILTER (WHERE status = 'failed') AS failed FROM files GROUP BY 1, 2 ORDER BY 2, 1 NULLS LAST"""
        },
    )
    return answers["files"]


async def read_exam_patterns(db: Database, selection: Selection) -> list[asyncpg.Record]:
    """How many exams of a unit and month hold just these views."""
    return await db.fetch(
        f"""WITH {exams_of(selection.by)}
            SELECT unit, {GROUPS["month"]} AS month, views, count(*) AS exams,
                   count(*) FILTER (WHERE by_arrival) AS by_arrival
            FROM exams WHERE views IS NOT NULL GROUP BY 1, 2, 3""",
        *selection.values,
    )


async def list_exams_with_views(
    db: Database, selection: Selection, patterns: list[Any], month: str | None, before: int | None, limit: int
) -> list[asyncpg.Record]:
    return await db.fetch(
        f"""WITH {exams_of(selection.by)}
            SELECT exam_id AS key, exam_id, taken_on, by_arrival, unit, views FROM exams
            WHERE views = ANY ($8::jsonb[]) AND ($9::text IS NULL OR {GROUPS["month"]} = $9)
              AND ($10::bigint IS NULL OR exam_id < $10) ORDER BY exam_id DESC LIMIT $11""",
        *selection.values,
        patterns,
        month,
        before,
        limit,
    )


async def list_exams_with_files(
    db: Database,
    selection: Selection,
    *,
    exposures: bool,
    conditions: list[tuple[str, Any]],
    before: int | None,
    limit: int,
    images: int,
) -> list[asyncpg.Record]:
    """Exams, newest first, that hold a file (or an exposure) for which the conditions hold; `{}` in each stands for its
    value. A file that belongs to no exam is a row of its own, after them. At most `images` of each are told."""
    told = "".join(f", ({column} IS NULL) AS lacks_{name}" for name, column in HEADER_VALUES.items())
    values = [value for _, value in conditions]
    first = len(selection.values) + 1
    wanted = " AND ".join(sql.format(f"${number}") for number, (sql, _) in enumerate(conditions, first)) or "true"
    at = first + len(values)
    return await db.fetch(
        f"""WITH {files_of(selection.by, told)}, {EXPOSURES},
            wanted AS (
                SELECT x.*, coalesce(s.grouped_into, s.id) AS exam_id, coalesce(s.grouped_into, s.id, -x.id) AS key
                FROM {"exposures" if exposures else "files"} x LEFT JOIN studies s ON s.id = x.study_id
                WHERE {wanted})
            SELECT key, exam_id, min(taken_on) AS taken_on, bool_and(by_arrival) AS by_arrival,
                   mode() WITHIN GROUP (ORDER BY unit) AS unit, count(*) AS files,
                   (array_agg(jsonb_build_object(
                       'imageId', id, 'laterality', laterality, 'viewPosition', view_position, 'status', status,
                       'reasonCode', reason_code, 'thicknessMm', body_part_thickness_mm, 'doseMgy', organ_dose_mgy,
                       'forceN', compression_force_n, 'kvKv', kvp_kv, 'target', target, 'filter', filter)
                       ORDER BY id))[1:${at + 2}] AS images
            FROM wanted WHERE (${at}::bigint IS NULL OR key < ${at}) GROUP BY key, exam_id
            ORDER BY key DESC LIMIT ${at + 1}""",
        *selection.values,
        *values,
        before,
        limit,
        images,
    )


async def list_operators(db: Database) -> list[asyncpg.Record]:
    """Every operator's `name` as headers give it, by leaps through the index, and the `person` it stands for."""
    return await db.fetch(
        f"""WITH RECURSIVE names AS (
               (SELECT operators_name FROM image_acquisitions WHERE operators_name IS NOT NULL
                ORDER BY operators_name LIMIT 1)
               UNION ALL
               SELECT (SELECT a.operators_name FROM image_acquisitions a
                       WHERE a.operators_name > n.operators_name ORDER BY a.operators_name LIMIT 1)
               FROM names n WHERE n.operators_name IS NOT NULL)
           SELECT a.operators_name AS name, {OPERATOR} AS person FROM names a WHERE a.operators_name IS NOT NULL"""
    )


async def read_secret(db: Database) -> bytes:
    return await db.fetchval("SELECT secret FROM operator_pseudonym_keys")


async def find_curves(db: Database) -> asyncpg.Record | None:
    return await db.fetchrow(
        """SELECT c.curves, c.version, c.changed_at, u.name AS changed_by
           FROM dose_reference_curves c LEFT JOIN users u ON u.id = c.changed_by"""
    )


async def save_curves(connection: Any, curves: Any, version: int, user_id: int | None) -> bool:
    """Whether the curves were still those of `version`."""
    done = await connection.fetchval(
        """INSERT INTO dose_reference_curves AS c (curves, version, changed_by) VALUES ($1, $2 + 1, $3)
           ON CONFLICT (id) DO UPDATE
           SET curves = excluded.curves, version = c.version + 1, changed_by = excluded.changed_by, changed_at = now()
           WHERE c.version = $2
           RETURNING version""",
        curves,
        version,
        user_id,
    )
    return done is not None
