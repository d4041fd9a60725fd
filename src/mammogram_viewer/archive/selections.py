"""The one piece of the archive's SQL that features above may build on: their lists add conditions, order and limit.

Everything else about these tables is asked through `service.py`."""

from mammogram_viewer.archive.models import Image

# What is not a column of `images` itself.
_ELSEWHERE = {
    "uploader_name": "u.name AS uploader_name",
    "thumbnail_width": "t.width AS thumbnail_width",
    "thumbnail_height": "t.height AS thumbnail_height",
    "has_tags": "(i.file_type = 'dicom' AND i.status = 'ready') AS has_tags",
}
_COLUMNS = ", ".join(_ELSEWHERE.get(name, f"i.{name}") for name in Image.__struct_fields__)

# One image with what pages show beside it: the fields of `models.Image` in their order, which `models.image_from`
# relies on, from `images i` and what hangs on it.
SELECT_IMAGE = f"""
SELECT {_COLUMNS}
FROM images i
JOIN users u ON u.id = i.user_id
LEFT JOIN renditions t
       ON t.image_id = i.id AND t.kind = 'thumbnail512' AND t.recipe_version = i.recipe_version"""

# The same around rows of `images i` that a keyset page has found already (foundation/keyset.py).
SHOW_FOUND_IMAGES = SELECT_IMAGE.replace("\nFROM images i", ",\n       {any_behind} AS any_behind\nFROM ({found}) i")
FIND_IMAGES = "SELECT i.* FROM images i"
