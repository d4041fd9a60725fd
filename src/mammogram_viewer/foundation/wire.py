"""The one place where snake_case becomes camelCase: every JSON body of the API is a `Wire`."""

from __future__ import annotations

import msgspec


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of all request and response bodies (camelCase on the wire, snake_case here)."""


class WireRequest(Wire, frozen=True, forbid_unknown_fields=True):
    """Base of request bodies: a misspelt field is an error, not a silent no-op."""
