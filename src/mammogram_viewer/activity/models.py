"""Who acted and from where, as every recorded fact needs it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """`user_id` None: the system or the shell. The full address and user agent go to the audit log alone."""

    user_id: int | None = None
    ip: str | None = None
    user_agent: str | None = None


SYSTEM = Actor()
