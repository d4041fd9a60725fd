"""Asks as the viewer does: uploads something, and reads its frames, headers and exam."""

from __future__ import annotations

import io
import struct
from typing import Any

import httpx
import imagecodecs
import numpy as np
from pydicom.dataset import Dataset

from builders import dicom_bytes
from product import Product

JPHC = "image/jphc;transfer-syntax=1.2.840.10008.1.2.4.202"


def saved(ds: Dataset) -> bytes:
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def ready(product: Product, body: bytes, name: str = "image.dcm", who: str = "user") -> dict[str, Any]:
    image = product.wait_for(product.upload_one(body, name, who)["id"])
    assert image["status"] == "ready", image["reason"]
    return image


def mammogram(product: Product, *, who: str = "user", **wanted: object) -> dict[str, Any]:
    return ready(product, dicom_bytes(rows=150, columns=110, **wanted), who=who)  # type: ignore[arg-type] - its fields


def by_uids(image: dict[str, Any]) -> str:
    study, series, sop = (
        image["study"]["studyInstanceUid"],
        image["series"]["seriesInstanceUid"],
        image["dicom"]["sopInstanceUid"],
    )
    return f"/api/dicomweb/studies/{study}/series/{series}/instances/{sop}"


def decoded(answer: httpx.Response) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == JPHC
    return imagecodecs.htj2k_decode(answer.content)


def header_of(product: Product, path: str, who: str = "user") -> Dataset:
    answer = product.client(who).get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/dicom+json"
    assert answer.headers["cache-control"] == "private, no-store"
    (model,) = answer.json()
    return Dataset.from_json(model)


def viewing(product: Product, study_id: int, who: str = "user") -> dict[str, Any]:
    answer = product.client(who).get(f"/api/studies/{study_id}/viewing")
    assert answer.status_code == 200, answer.text
    return answer.json()


def words_of(value: Any) -> list[int]:
    return list(struct.unpack(f"<{len(value) // 2}H", value)) if isinstance(value, bytes) else list(value)
