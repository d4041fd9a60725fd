"""Headers as DICOM JSON (PS3.18 annex F), as they fit the frames that we serve.

The file's own words, but for the description of its pixels: /frames serves another encoding than the file's, and a
header that describes the file's would have a viewer decode it wrongly. What people have corrected is not written in
here; it stands in the exam beside what the file says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.archive import service as archive
from mammogram_viewer.dicomweb import queries
from mammogram_viewer.dicomweb.accept import HTJ2K_LOSSLESS_RPCL
from mammogram_viewer.dicomweb.models import HeaderSource
from mammogram_viewer.foundation.errors import NotFound
from mammogram_viewer.foundation.settings import Settings

Model = dict[str, Any]
_BATCH = 50
_GREY = ("MONOCHROME1", "MONOCHROME2")
_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encoder = msgspec.json.Encoder()
# Pixels lie at /frames, and what described the file's own encoding of them describes nothing here.
_PIXELS = ("7FE00001", "7FE00002", "7FE00008", "7FE00009", "7FE00010")
_PALETTE_ELEMENTS = ("1101", "1102", "1103", "1199", "1201", "1202", "1203", "1221", "1222", "1223")
_PALETTE = tuple(f"0028{element}" for element in _PALETTE_ELEMENTS)


async def read_header(
    db: asyncpg.Pool, storage: Storage, settings: Settings, image_id: int, principal: Principal
) -> bytes:
    """One image's header as a JSON array of one. NotFound, NotReady and Gone as for its other renditions."""
    image = await archive.get_visible_image(db, image_id, owner_id=principal.owner_filter)
    archive.demand_ready(image.status, image.reason_code, image.reason)
    if image.file_type != "dicom":
        raise NotFound(
            "A plain picture has no DICOM header and no frames. Show its rendered picture instead (links.png).",
            code="no_such_rendition",
        )
    source = await queries.find_header(db, image_id)
    if source is None:
        raise NotFound("This image has no header yet.", code="no_such_rendition")
    return b"[" + await _model_bytes(storage, source, settings.dicom_json_bytes) + b"]"


async def open_headers(
    db: asyncpg.Pool,
    storage: Storage,
    settings: Settings,
    study_instance_uid: str,
    series_instance_uid: str | None,
    principal: Principal,
) -> AsyncIterator[bytes]:
    """The headers of all images of a study or series that are shown and that the caller may see, as a JSON array in
    the order in which they came; one header at a time is in memory. NotFound where the caller sees none, NotReady or
    Gone where none of them is shown."""
    uids = (study_instance_uid, series_instance_uid)
    first = await queries.list_headers(db, *uids, owner_id=principal.owner_filter, after=0, limit=_BATCH)
    if not first:
        found = await queries.find_by_uids(db, *uids, None, owner_id=principal.owner_filter)
        if found is None:
            raise NotFound("This study or series does not exist, or you may not see it.")
        archive.demand_ready(found["status"], found["reason_code"], found["reason"])
        raise NotFound("There is no DICOM header here.", code="no_such_rendition")

    async def parts() -> AsyncIterator[bytes]:
        batch, mark = first, b"["
        while batch:
            for source in batch:
                model = await _if_still_there(db, storage, source, settings.dicom_json_bytes)
                if model is not None:
                    yield mark + model
                    mark = b","
            batch = await queries.list_headers(
                db, *uids, owner_id=principal.owner_filter, after=batch[-1].id, limit=_BATCH
            )
        yield b"[]" if mark == b"[" else b"]"

    return parts()


async def _if_still_there(db: asyncpg.Pool, storage: Storage, source: HeaderSource, limit: int) -> bytes | None:
    """None for an image that was deleted meanwhile; one whose renditions were just made again is looked up anew."""
    try:
        return await _model_bytes(storage, source, limit)
    except NotFound:
        again = await queries.find_header(db, source.id)
        if again is None or again.storage_key == source.storage_key:
            return None
        return await _model_bytes(storage, again, limit)


async def _model_bytes(storage: Storage, source: HeaderSource, limit: int) -> bytes:
    if source.byte_count > limit:
        return header_model(source, {})
    content = await storage.read(source.storage_key)
    try:
        return header_model(source, _decoder.decode(content))
    except msgspec.MsgspecError:  # a child that a hostile file had taken over wrote something else
        return header_model(source, {})


def header_model(source: HeaderSource, file_model: dict[str, msgspec.Raw]) -> bytes:
    """The file's model with what is known better: UTF-8 JSON with its tags in order."""
    kept = (tag for tag in file_model if not tag.startswith("0002") and tag not in _PIXELS)
    model: Model = {tag: file_model[tag] for tag in kept}
    known = {
        "00080016": ("UI", source.sop_class_uid),
        "00080018": ("UI", source.sop_instance_uid),
        "00080060": ("CS", source.modality),
        "0020000D": ("UI", source.study_instance_uid),
        "0020000E": ("UI", source.series_instance_uid),
        "00280010": ("US", source.rows),
        "00280011": ("US", source.columns),
    }
    for tag, (vr, value) in known.items():
        if value is not None:  # as it is filed: what addresses name is then what headers say
            model[tag] = _element(vr, value)
    if source.frames is not None:
        _describe_frames(model, source, source.frames)
    return _encoder.encode(dict(sorted(model.items())))


def _describe_frames(model: Model, source: HeaderSource, frames: int) -> None:
    """What /frames serves. Grey: the stored values at bit 0, in as many bits as the codestream declares, which are
    those that the file allocates; signed where the file's are. Colour: RGB of 8 bits."""
    model["00083002"] = _element("UI", HTJ2K_LOSSLESS_RPCL)  # Available Transfer Syntax UID
    model["00280008"] = _element("IS", frames)
    bits: int | None = 8
    if source.photometric_interpretation in _GREY:
        bits = _integer(model.get("00280100"))
    else:
        model |= {"00280002": _element("US", 3), "00280004": _element("CS", "RGB")}
        model |= {"00280006": _element("US", 0), "00280103": _element("US", 0)}
        for tag in _PALETTE:
            model.pop(tag, None)
    if bits is None:  # the header was too long to be read
        return
    model |= {
        "00280100": _element("US", bits),
        "00280101": _element("US", bits),
        "00280102": _element("US", bits - 1),
    }


class _Integers(msgspec.Struct):
    values: list[int] = msgspec.field(name="Value", default_factory=list)


def _integer(raw: msgspec.Raw | None) -> int | None:
    if raw is None:
        return None
    values = msgspec.json.decode(raw, type=_Integers).values
    return values[0] if values else None


def _element(vr: str, value: str | int) -> Model:
    return {"vr": vr, "Value": [value]}
