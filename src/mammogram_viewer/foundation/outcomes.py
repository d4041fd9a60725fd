"""How an attempt to tell somebody outside ended: a webhook call, an e-mail."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a call ended. `refused`: no attempt can succeed until the address is changed."""

    delivered: bool
    status: int | None
    detail: str
    refused: bool = False
