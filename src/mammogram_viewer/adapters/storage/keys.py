"""Names of stored files: random, sharded, and telling nothing about what is inside."""

from __future__ import annotations

import uuid


def new_original_key() -> str:
    """`originals/ab/<uuid>`: bytes as received."""
    name = uuid.uuid4().hex
    return f"originals/{name[:2]}/{name}"


def new_rendition_key() -> str:
    """`renditions/ab/<uuid>`: something we derived. Random, so that two runs of one job never share a file."""
    name = uuid.uuid4().hex
    return f"renditions/{name[:2]}/{name}"
