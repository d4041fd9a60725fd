"""Where a webhook may lead. The address is judged after its name was resolved, and the call goes to the very address
that was judged: a name that answers otherwise the second time (DNS rebinding) leads nowhere else."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from mammogram_viewer.foundation.errors import Invalid

MAX_URL_LENGTH = 2000
# Addresses of IPv6 that carry one of IPv4, by which a gateway leads into what the latter names.
_TRANSLATED = [ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")]


class Refused(Exception):
    """The address is one that webhooks may not lead to, or none at all. The text is for the webhook's owner."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A webhook's URL in parts, and the addresses that its host had when it was judged."""

    url: SplitResult
    host: str
    port: int
    addresses: tuple[str, ...]


def check_url(text: str, *, private: bool) -> SplitResult:
    """The URL in parts; Invalid with what is wrong. Asks nobody."""
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise Invalid("This is not an address, as in https://receiver.example/path.", code="invalid_webhook") from None
    if url.scheme != "https" and not (private and url.scheme == "http"):
        raise Invalid("A webhook's address begins with https://.", code="invalid_webhook")
    if not url.hostname or port == 0 or len(text) > MAX_URL_LENGTH or not (text.isascii() and text.isprintable()):
        raise Invalid("This is not an address, as in https://receiver.example/path.", code="invalid_webhook")
    if " " in text or "\\" in text or url.username is not None or url.password is not None or url.fragment:
        raise Invalid("A webhook's address has no spaces, user name, password or #.", code="invalid_webhook")
    return url


async def resolve(text: str, *, private: bool) -> Target:
    """The addresses behind the URL; Refused when there is none, or one of them is forbidden."""
    try:
        url = check_url(text, private=private)
    except Invalid as problem:
        raise Refused(problem.detail) from None
    host = url.hostname or ""
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Refused("The name of the receiver cannot be found.") from None
    addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not private and not all(is_public(address) for address in addresses):
        raise Refused(
            "The receiver is in a private network or on the server itself, where this installation sends nothing "
            "(MAMMOGRAM_VIEWER_WEBHOOK_PRIVATE)."
        )
    return Target(url=url, host=host, port=port, addresses=addresses)


def is_public(text: str) -> bool:
    """Whether this is an address of the open internet: neither loopback, private, link-local (where clouds keep
    their credentials), shared (RFC 6598), multicast nor a detour to one of these."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(str(address.ipv4_mapped))
        if any(address in network for network in _TRANSLATED) or int(address) < 2**32:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved
