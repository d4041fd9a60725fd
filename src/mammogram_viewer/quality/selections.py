"""The SQL that every question about quality begins with: the mammograms that are looked at, and their exposures.

$1 to $7 are `models.Selection.values`. A file is dated by its acquisition where its header tells, in the unit's own
time, and else by its arrival, in the reader's zone. Phantoms (QualityControlImage) are no patient's and never in it."""

from __future__ import annotations

from mammogram_viewer.quality.models import UNIT_COLUMNS, UnitKind

NUMBERS = (
    "organ_dose_mgy",
    "entrance_dose_mgy",
    "body_part_thickness_mm",
    "compression_force_n",
    "kvp_kv",
    "exposure_mas",
)
# A value that no unit gives is kept in the archive and never charted; here it is merely said that there is one.
_CHARTED = ", ".join(
    f"CASE WHEN '{name}' = ANY (a.implausible) THEN NULL ELSE a.{name} END AS {name}" for name in NUMBERS
)
# The same person however the name was typed: with signs of DICOM between its parts, in capitals, with spaces.
OPERATOR = r"nullif(lower(btrim(regexp_replace(a.operators_name, '[\s^=]+', ' ', 'g'))), '')"
# What of a header may be missing, and where it stands.
HEADER_VALUES = {
    **{name: f"a.{name}" for name in NUMBERS},
    "anode_target_material": "a.anode_target_material",
    "filter_material": "a.filter_material",
    "detector_id": "a.detector_id",
    "device_serial_number": "a.device_serial_number",
    "station_name": "se.station_name",
    "operators_name": "a.operators_name",
    "irradiation_event_uid": "a.irradiation_event_uid",
    "acquired_at": "i.acquired_at",
    "laterality": "i.laterality",
    "view_position": "i.view_position",
}


def files_of(by: UnitKind, also: str = "") -> str:
    """`files`: a row a file that came as DICOM and is a mammogram or, rejected, was never found out to be anything."""
    unit = UNIT_COLUMNS[by]
    return f"""files AS (
    SELECT i.id, i.study_id, i.laterality, i.view_position, i.status, i.reason_code, i.acquired_at, i.sop_instance_uid,
           i.modality, i.number_of_frames,
           coalesce(i.acquired_at::date, (i.created_at AT TIME ZONE $5)::date) AS taken_on,
           i.acquired_at IS NULL AS by_arrival,
           {unit} AS unit, se.manufacturer, {OPERATOR} AS operator, a.irradiation_event_uid,
           coalesce(a.implausible, '{{}}') AS implausible, a.anode_target_material AS target,
           a.filter_material AS filter, {_CHARTED}{also}
    FROM images i
    LEFT JOIN image_acquisitions a ON a.image_id = i.id
    LEFT JOIN series se ON se.id = i.series_id
    WHERE i.file_type = 'dicom' AND i.object_kind = 'image'
      AND (i.modality = 'MG' OR (i.modality IS NULL AND i.status IN ('rejected', 'failed')))
      AND a.quality_control_image IS NOT TRUE
      AND ((i.acquired_at >= $1::date AND i.acquired_at < $2::date + 1)
           OR (i.acquired_at IS NULL AND i.created_at >= $3 AND i.created_at < $4))
      AND ($6::text IS NULL OR coalesce({unit}, '') = $6)
      AND ($7::text[] IS NULL OR coalesce(a.operators_name, '') = ANY ($7)))"""


# One exposure makes several files: raw values and their picture, slices and a synthetic view, the same file sent twice.
# They share the irradiation event; where no header tells it, side, view and second. The file that tells a dose is
# taken, then the earliest.
EXPOSURES = """exposures AS (
    SELECT DISTINCT ON (exposure) *
    FROM (SELECT f.*, concat_ws('|', CASE
                     WHEN irradiation_event_uid IS NOT NULL THEN 'e' || irradiation_event_uid
                     WHEN acquired_at::time <> '00:00' THEN 'a' || acquired_at
                     ELSE 's' || coalesce(sop_instance_uid, id::text) END,
                 coalesce(study_id, -id), coalesce(laterality, ''), coalesce(view_position, '')) COLLATE "C" AS exposure
          FROM files f WHERE f.status = 'ready' AND f.modality = 'MG') f
    ORDER BY exposure, organ_dose_mgy IS NULL, id)"""


def exams_of(by: UnitKind) -> str:
    """`exams`: a row an exam, by the day of its study where known, else by its arrival. `views` are the keys of its
    tally (migration 0015) that say which views it holds, without phantoms; null when it is none of mammograms."""
    unit = UNIT_COLUMNS[by]
    return f"""found AS (
    SELECT e.exam_id, e.tally, coalesce(e.study_on, (e.created_at AT TIME ZONE $5)::date) AS taken_on,
           e.study_on IS NULL AS by_arrival
    FROM exam_tallies e
    WHERE e.viewer_id = 0 AND e.image_count > 0
      AND ((e.study_on >= $1::date AND e.study_on <= $2::date)
           OR (e.study_on IS NULL AND e.created_at >= $3 AND e.created_at < $4))),
members AS (
    SELECT exam_id, exam_id AS study_id FROM found
    UNION ALL
    SELECT f.exam_id, s.id FROM found f JOIN studies s ON s.grouped_into = f.exam_id),
phantoms AS (
    SELECT exam_id, jsonb_object_agg(key, -n) AS tally
    FROM (SELECT m.exam_id, k.key, count(*) AS n
          FROM image_acquisitions a
          JOIN images i ON i.id = a.image_id
          JOIN members m ON m.study_id = i.study_id
          CROSS JOIN LATERAL unnest(exam_keys(
              i.user_id, i.status, i.object_kind, i.modality, i.laterality, i.view_position, i.view_modifiers,
              i.presentation_intent_type, i.number_of_frames, i.patient_id, i.patient_name, i.study_at)) AS k (key)
          WHERE a.quality_control_image GROUP BY 1, 2) counted
    GROUP BY 1),
taken AS (
    SELECT m.exam_id, mode() WITHIN GROUP (ORDER BY {unit}) AS unit,
           bool_or(coalesce(a.operators_name, '') = ANY ($7)) AS by_operator
    FROM members m
    JOIN images i ON i.study_id = m.study_id AND i.modality = 'MG'
    LEFT JOIN image_acquisitions a ON a.image_id = i.id
    LEFT JOIN series se ON se.id = i.series_id
    WHERE a.quality_control_image IS NOT TRUE
    GROUP BY 1),
exams AS (
    SELECT f.exam_id, f.taken_on, f.by_arrival, t.unit,
           (SELECT jsonb_object_agg(key, value)
            FROM jsonb_each(CASE WHEN p.exam_id IS NULL THEN f.tally ELSE exam_tally_sum(f.tally, p.tally) END)
            WHERE split_part(key, ' ', 1) IN ('shown', 'processing', 'tomosynthesis', 'special')) AS views
    FROM found f
    JOIN taken t USING (exam_id)
    LEFT JOIN phantoms p USING (exam_id)
    WHERE ($6::text IS NULL OR coalesce(t.unit, '') = $6) AND ($7::text[] IS NULL OR t.by_operator))"""
