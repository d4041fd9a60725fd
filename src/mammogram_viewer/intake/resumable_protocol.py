"""The words of the tus protocol, version 1.0.0 (https://tus.io/protocols/resumable-upload): its headers, read and
written. Pure; each refusal is a Malformed with a code of its own."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from mammogram_viewer.foundation.errors import Malformed, PreconditionFailed, Unsupported

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,checksum,termination"
CHECKSUM_ALGORITHMS = {"sha1": 20, "sha256": 32}  # and the length of their digests, bytes
CONTENT_TYPE = "application/offset+octet-stream"
MAX_METADATA_CHARACTERS = 4096
_KEY = re.compile(r"[!-+\--~]{1,64}")  # printable ASCII without space and comma
_NUMBER = re.compile(r"[0-9]{1,18}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class Checksum:
    """What `Upload-Checksum` promises of one request's body."""

    algorithm: str
    digest: bytes


def demand_version(headers: Mapping[str, str]) -> None:
    """PreconditionFailed unless the caller speaks our version."""
    if headers.get("tus-resumable") != VERSION:
        raise PreconditionFailed(
            f"Say Tus-Resumable: {VERSION}; this server speaks no other version.", code="tus_version"
        )


def demand_plain_body(headers: Mapping[str, str]) -> None:
    """Unsupported for a compressed body, or one that is not said to be bytes at an offset."""
    if headers.get("content-encoding", "identity") != "identity":
        raise Unsupported("Compressed request bodies are not taken. Send the file as it is.", code="content_encoding")
    if headers.get("content-type", "").partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise Unsupported(f"Send the bytes as {CONTENT_TYPE}.", code="unsupported_content_type")


def read_offset(headers: Mapping[str, str]) -> int:
    """`Upload-Offset`, bytes."""
    text = headers.get("upload-offset", "")
    if not _NUMBER.fullmatch(text):
        raise Malformed("Upload-Offset must say at which byte the body begins.", code="invalid_offset")
    return int(text)


def read_length(headers: Mapping[str, str]) -> int:
    """`Upload-Length`, bytes; it cannot be told later."""
    if "upload-concat" in headers:
        raise Malformed("Uploads are not put together from others here.", code="no_concatenation")
    text = headers.get("upload-length", "")
    if not _NUMBER.fullmatch(text):
        raise Malformed("Upload-Length must say how many bytes the file has; it cannot be deferred.", code="no_length")
    return int(text)


def read_metadata(headers: Mapping[str, str]) -> dict[str, str]:
    """`Upload-Metadata`: pairs of a key and a Base64 value, with commas between them. A value is UTF-8."""
    text = headers.get("upload-metadata", "").strip()
    if len(text) > MAX_METADATA_CHARACTERS:
        raise Malformed(
            f"Upload-Metadata is longer than {MAX_METADATA_CHARACTERS} characters.", code="invalid_metadata"
        )
    found: dict[str, str] = {}
    for pair in text.split(",") if text else []:
        key, _, value = pair.strip().partition(" ")
        if not _KEY.fullmatch(key) or key in found:
            raise Malformed("A key of Upload-Metadata is missing, repeated or not ASCII.", code="invalid_metadata")
        try:
            found[key] = base64.b64decode(value.strip(), validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            raise Malformed(
                f"The value of “{key}” in Upload-Metadata is not Base64 of UTF-8.", code="invalid_metadata"
            ) from None
    return found


def promised_digest(metadata: Mapping[str, str], key: str) -> bytes | None:
    """A SHA-256 in the metadata, hexadecimal; None when there is none."""
    text = metadata.get(key)
    if text is None:
        return None
    if not _SHA256.fullmatch(text):
        raise Malformed(f"“{key}” in Upload-Metadata must be 64 hexadecimal digits.", code="invalid_metadata")
    return bytes.fromhex(text)


def read_checksum(headers: Mapping[str, str]) -> Checksum | None:
    """`Upload-Checksum`: an algorithm and the Base64 of the body's digest."""
    text = headers.get("upload-checksum")
    if text is None:
        return None
    algorithm, _, value = text.strip().partition(" ")
    length = CHECKSUM_ALGORITHMS.get(algorithm)
    if length is None:
        raise Malformed(f"Upload-Checksum takes {' and '.join(CHECKSUM_ALGORITHMS)}.", code="unknown_checksum")
    try:
        digest = base64.b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != length:
        raise Malformed(f"Upload-Checksum is no Base64 of a {algorithm} digest.", code="invalid_checksum")
    return Checksum(algorithm, digest)


def expires_text(instant: datetime) -> str:
    """`Upload-Expires`, as RFC 9110 writes an instant."""
    return format_datetime(instant.astimezone(UTC), usegmt=True)
