"""Sends one e-mail through the installation's mail server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate

import aiosmtplib

from mammogram_viewer.foundation.outcomes import Outcome
from mammogram_viewer.foundation.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file that goes with an e-mail. `media_type` as in `application/pdf`."""

    name: str
    media_type: str
    content: bytes


async def send_mail(
    settings: Settings, to: str, subject: str, text: str, delivery_id: str, *, attachments: Sequence[Attachment] = ()
) -> Outcome:
    """One attempt within `delivery_timeout_seconds`. The same delivery sent twice carries the same Message-ID."""
    message = EmailMessage()
    message["From"] = settings.smtp_from
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{delivery_id}@{settings.smtp_from.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no absence notes in answer to it
    message.set_content(text)
    for one in attachments:
        kind, _, subtype = one.media_type.partition("/")
        message.add_attachment(one.content, maintype=kind, subtype=subtype, filename=one.name)
    try:
        async with asyncio.timeout(settings.delivery_timeout_seconds):
            await aiosmtplib.send(
                message,
                sender=settings.smtp_from,
                recipients=[to],
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_user or None,
                password=settings.smtp_password or None,
                use_tls=settings.smtp_tls == "tls",
                start_tls=settings.smtp_tls == "starttls",
                timeout=settings.delivery_timeout_seconds,
            )
    except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as problem:
        # The server's own words may quote the address; the kind and the code are enough.
        code = getattr(problem, "code", None)
        log.warning("mail_failed", extra={"delivery": delivery_id, "problem": type(problem).__name__, "code": code})
        said = f" It answered {code}." if code else ""
        return Outcome(delivered=False, status=code, detail=f"The mail server did not take the message.{said}")
    return Outcome(delivered=True, status=250, detail="The mail server took the message.")
