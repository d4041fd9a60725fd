"""The least DICOMweb server that OHIF needs, with OHIF's own files beside it: `python -m
benchmarks.viewer.peer FOLDER PORT`.

It knows nobody, asks no database and holds everything in memory, so it answers sooner than any real archive. It speaks
both ways at once: `raw` gives frames uncompressed, `htj2k` the very codestreams that our own server gives. Scripts and
styles are compressed once; what carries a hash in its name may be kept for ever."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset

from benchmarks.viewer.ohif import app_folder
from mammogram_viewer.dicom.syntaxes import EXPLICIT_LITTLE_ENDIAN
from mammogram_viewer.imaging.htj2k import encode_htj2k

HTJ2K_RPCL = "1.2.840.10008.1.2.4.202"
SOURCES = {"raw": EXPLICIT_LITTLE_ENDIAN, "htj2k": HTJ2K_RPCL}
_FRAME_TYPES = {"raw": "application/octet-stream", "htj2k": "image/jphc"}
_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".wasm": "application/wasm",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
_COMPRESSED = frozenset(_TYPES)
_FOR_EVER = "public, max-age=31536000, immutable"
# What a search tells of a study and of a series (PS3.18 10.6.3.3).
_STUDY = (
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ModalitiesInStudy",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyID",
    "StudyDescription",
    "NumberOfStudyRelatedSeries",
    "NumberOfStudyRelatedInstances",
)
_SERIES = (
    "Modality",
    "SeriesDescription",
    "SeriesInstanceUID",
    "SeriesNumber",
    "SeriesDate",
    "SeriesTime",
    "StudyInstanceUID",
)


Send = Callable[[dict[str, Any]], Awaitable[None]]


class Archive:
    """Everything that is asked for, by its path."""

    def __init__(self, folder: Path) -> None:
        self.answers: dict[str, tuple[str, bytes]] = {}
        studies: dict[str, dict[str, list[Dataset]]] = {}
        for path in sorted(folder.glob("*.dcm")):
            instance = self._add_frame(dcmread(path))
            series = studies.setdefault(instance.StudyInstanceUID, {})
            series.setdefault(instance.SeriesInstanceUID, []).append(instance)
        for study, series in studies.items():
            self._add_study(study, series)

    def _add_frame(self, instance: Dataset) -> Dataset:
        """Pixels apart from the header, which is changed until OHIF shows all four: each view becomes a series of its
        own; right MLOs, which are properly P\\FL, say A\\FR, or its protocol for mammography refuses them; and a VOI
        LUT Function goes, even LINEAR, since any leaves the pane black ("Invalid VOI LUT function")."""
        pixels = instance.pixel_array
        instance.SeriesInstanceUID = f"{instance.SeriesInstanceUID}.{instance.InstanceNumber}"
        if (instance.ImageLaterality, instance.ViewPosition) == ("R", "MLO"):
            instance.PatientOrientation = ["A", "FR"]
        instance.pop("VOILUTFunction", None)
        bodies = {"raw": instance.PixelData, "htj2k": encode_htj2k(pixels)}
        del instance.PixelData
        where = f"studies/{instance.StudyInstanceUID}/series/{instance.SeriesInstanceUID}/instances/"
        for source, body in bodies.items():
            kind = f"{_FRAME_TYPES[source]};transfer-syntax={SOURCES[source]}"
            base = f"/{source}/{where}{instance.SOPInstanceUID}"
            self.answers[f"{base}/frames/1"] = (kind, body)
            self.answers[f"{base}/thumbnail"] = ("image/jpeg", _thumbnail(pixels))
        return instance

    def _add_study(self, study: str, series: dict[str, list[Dataset]]) -> None:
        some = next(iter(series.values()))[0]
        some.ModalitiesInStudy = ["MG"]
        some.NumberOfStudyRelatedSeries = len(series)
        some.NumberOfStudyRelatedInstances = sum(len(one) for one in series.values())
        found = [_told(one[0], _SERIES) for one in series.values()]
        for source, syntax in SOURCES.items():
            base = f"/{source}/studies"
            self._json(f"{base}?{study}", [_told(some, _STUDY)])
            self._json(f"{base}/{study}/series", found)
            for uid, instances in series.items():
                headers = [{**one.to_json_dict(), "00083002": {"vr": "UI", "Value": [syntax]}} for one in instances]
                self._json(f"{base}/{study}/series/{uid}/metadata", headers)
                self._json(f"{base}/{study}/series/{uid}/instances", headers)

    def _json(self, path: str, value: Any) -> None:
        self.answers[path] = ("application/dicom+json", json.dumps(value).encode())

    def find(self, path: str, query: str) -> tuple[str, bytes] | None:
        """OHIF searches for the study that it opens, and for others of the same patient: there are none."""
        if path.endswith("/studies"):
            uid = next((part.split("=")[1] for part in query.split("&") if part.startswith("StudyInstanceUID=")), "")
            return self.answers.get(f"{path}?{uid}", ("application/dicom+json", b"[]"))
        return self.answers.get(path)


def _told(instance: Dataset, keywords: tuple[str, ...]) -> dict[str, Any]:
    told = Dataset()
    for keyword in keywords:
        if keyword in instance:
            setattr(told, keyword, getattr(instance, keyword))
    return told.to_json_dict()


def _thumbnail(pixels: Any) -> bytes:
    small = pixels[::32, ::32].astype(np.float64)
    buffer = io.BytesIO()
    Image.fromarray((small * (255 / max(small.max(), 1))).astype(np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()


def _configuration() -> bytes:
    """OHIF's usual settings but for where its data come from, and that frames are decoded once they are whole: what is
    not compressed needs that, and HTJ2K over a slow line left panes black without it ("_setThrew is not defined": its
    decoder does not outlive a codestream that is cut off)."""
    sources = [
        {
            "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
            "sourceName": name,
            "configuration": {
                "friendlyName": name,
                "name": name,
                "qidoRoot": f"/{name}",
                "wadoRoot": f"/{name}",
                "wadoUriRoot": f"/{name}",
                "qidoSupportsIncludeField": False,
                "imageRendering": "wadors",
                "thumbnailRendering": "thumbnail",
                "thumbnailRequestStrategy": "fetch",
                "enableStudyLazyLoad": True,
                "supportsFuzzyMatching": False,
                "supportsWildcard": True,
                "staticWado": True,
                "singlepart": "bulkdata,video,image/jphc",
                "bulkDataURI": {"enabled": True, "relativeResolution": "studies"},
                "omitQuotationForMultipartRequest": True,
                "acceptHeader": [f"{_FRAME_TYPES[name]};transfer-syntax={syntax}"],
                "stackRetrieveOptions": {"retrieveOptions": {"$set": {}}},
            },
        }
        for name, syntax in SOURCES.items()
    ]
    settings = {
        "name": "benchmark",
        "routerBasename": None,
        "extensions": [],
        "modes": [],
        "customizationService": {},
        "showStudyList": True,
        "maxNumberOfWebWorkers": 3,
        "showWarningMessageForCrossOrigin": False,
        "showCPUFallbackMessage": False,
        "showLoadingIndicator": True,
        "investigationalUseDialog": {"option": "never"},
        "strictZSpacingForVolumeViewport": True,
        "groupEnabledModesFirst": True,
        "maxNumRequests": {"interaction": 100, "thumbnail": 5, "prefetch": 25},
        "defaultDataSourceName": "htj2k",
        "dataSources": sources,
    }
    return f"window.config = {json.dumps(settings)};".encode()


class Server:
    """An ASGI application."""

    def __init__(self, folder: Path) -> None:
        self._archive = Archive(folder)
        self._app = app_folder()
        self._files: dict[str, tuple[list[tuple[str, str]], bytes]] = {}

    async def __call__(self, scope: dict[str, Any], _receive: Any, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"]
        if path.split("/")[1] in SOURCES:
            found = self._archive.find(path, scope["query_string"].decode())
            headers = [("cache-control", "private, max-age=3600")]
            status, body = (404, b"") if found is None else (200, found[1])
            headers.append(("content-type", "text/plain" if found is None else found[0]))
        else:
            status = 200
            headers, body = self._file(path)
        headers = [*headers, ("content-length", str(len(body)))]
        told = [(name.encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": told})
        await send({"type": "http.response.body", "body": body})

    def _file(self, path: str) -> tuple[list[tuple[str, str]], bytes]:
        """A file of the app; whatever is none is a place in it."""
        if path not in self._files:
            file = self._app / path.lstrip("/")
            if path == "/app-config.js":
                self._files[path] = _answer(_configuration(), ".js", "no-cache")
            elif file.is_file() and file.resolve().is_relative_to(self._app.resolve()):
                self._files[path] = _answer(file.read_bytes(), file.suffix, _FOR_EVER)
            else:
                self._files[path] = _answer((self._app / "index.html").read_bytes(), ".html", "no-cache")
        return self._files[path]


def _answer(body: bytes, suffix: str, caching: str) -> tuple[list[tuple[str, str]], bytes]:
    headers = [("content-type", _TYPES.get(suffix, "application/octet-stream")), ("cache-control", caching)]
    if suffix in _COMPRESSED and len(body) > 1000:
        return [*headers, ("content-encoding", "gzip")], gzip.compress(body, 6)
    return headers, body


if __name__ == "__main__":
    uvicorn.run(Server(Path(sys.argv[1])), host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
