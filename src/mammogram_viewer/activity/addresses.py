"""Addresses and user agents, as far as statistics may keep them: a /24 or /48, and a family's name."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# In this order: Edge and Opera also call themselves Chrome, and Chrome calls itself Safari.
_FAMILIES = (
    ("edg", "Edge"),
    ("opr/", "Opera"),
    ("firefox/", "Firefox"),
    ("fxios/", "Firefox"),
    ("chrome/", "Chrome"),
    ("crios/", "Chrome"),
    ("safari/", "Safari"),
    ("curl/", "curl"),
    ("python", "Python"),
    ("httpx", "Python"),
    ("node", "Node"),
)


def address_of(text: str | None) -> IPv4Address | IPv6Address | None:
    """The address a server reports for its client; None for what is none (a UNIX socket). An IPv4 address seen
    through an IPv6 socket (`::ffff:10.0.0.1`) is itself again, so that both ways count as one network."""
    if not text:
        return None
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def network_of(text: str | None) -> str | None:
    """The /24 (IPv4) or /48 (IPv6) around an address, as `203.0.113.0/24`."""
    address = address_of(text)
    if address is None:
        return None
    return str(ip_network((address, 24 if address.version == 4 else 48), strict=False))


def family_of(user_agent: str | None) -> str | None:
    """The browser's or tool's family; `other` for what we do not know."""
    if not user_agent:
        return None
    lowered = user_agent.lower()
    return next((family for mark, family in _FAMILIES if mark in lowered), "other")
