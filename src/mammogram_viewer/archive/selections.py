"""The one piece of the archive's SQL that features above may build on: their lists add conditions, order and limit.

Everything else about these tables is asked through `service.py`."""

# One image with what pages show beside it: the columns of `models.Image`, from `images i` and what hangs on it.
SELECT_IMAGE = """
SELECT i.id, i.user_id, u.name AS uploader_name, i.created_at, i.file_type, i.original_name, i.byte_count,
       i.sha256, i.storage_key, i.status, i.reason_code, i.reason, i.study_id, i.series_id, i.sop_class_uid,
       i.sop_instance_uid, i.transfer_syntax_uid, i.conflicts_with, i.modality, i.laterality,
       i.laterality_source, i.view_position, i.view_position_source, i.instance_number, i.acquired_at,
       i.presentation_intent_type, i.photometric_interpretation, i.rows, i.columns, i.number_of_frames,
       i.bits_stored, i.voi_source, i.warnings, i.recipe_version, i.patient_id, i.patient_name,
       t.width AS thumbnail_width, t.height AS thumbnail_height,
       (i.file_type = 'dicom' AND i.status = 'ready') AS has_tags
FROM images i
JOIN users u ON u.id = i.user_id
LEFT JOIN renditions t
       ON t.image_id = i.id AND t.kind = 'thumbnail512' AND t.recipe_version = i.recipe_version"""

# The same around rows of `images i` that a keyset page has found already (foundation/keyset.py).
SHOW_FOUND_IMAGES = SELECT_IMAGE.replace("\nFROM images i", ",\n       {any_behind} AS any_behind\nFROM ({found}) i")
FIND_IMAGES = "SELECT i.* FROM images i"
