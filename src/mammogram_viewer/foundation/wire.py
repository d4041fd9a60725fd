"""The one place where snake_case becomes camelCase, and where JSON is written: every body of the API is a `Wire`.

Moments are ISO 8601 UTC with microseconds, always six digits of them. msgspec leaves them out when they are all zero,
which happens to one moment in a million, and to most of those that people make up."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

# It begins with what is rare in a body, and looks back from there.
_WHOLE_SECOND = re.compile(rb'Z"(?<=T\d\d:\d\d:\d\dZ")')
_encoder = msgspec.json.Encoder()


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of all request and response bodies (camelCase on the wire, snake_case here)."""


class WireRequest(Wire, frozen=True, forbid_unknown_fields=True):
    """Base of request bodies: a misspelt field is an error, not a silent no-op."""


def encode_json(body: Any, enc_hook: Callable[[Any], Any] | None = None) -> bytes:
    """JSON of a body. Only where a moment of a whole second seems to be in it, it is written value by value: a text
    of a person's that looks like one stays as it is. Local times of DICOM files (without a zone) are not moments."""
    text = _encoder.encode(body) if enc_hook is None else msgspec.json.encode(body, enc_hook=enc_hook)
    if _WHOLE_SECOND.search(text) is None:
        return text
    plain = msgspec.to_builtins(body, builtin_types=(datetime,), str_keys=True, enc_hook=enc_hook)
    return _encoder.encode(_with_microseconds(plain))


def _with_microseconds(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_microseconds(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_with_microseconds(one) for one in value]
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return value
