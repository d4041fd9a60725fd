"""Webhooks lead to the open internet alone, unless an installation says otherwise."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from mammogram_viewer.foundation.errors import Invalid
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.notifications import webhook
from mammogram_viewer.notifications.addresses import Refused, check_url, is_public, resolve

FORBIDDEN = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",  # the credentials of a cloud machine
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "ff02::1",
    "2001:db8::1",
    "not an address",
]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_addresses_that_are_not_of_the_open_internet_are_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_of_the_open_internet_are_taken(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_as_what_it_carries(address: ipaddress.IPv4Address) -> None:
    assert is_public(f"::ffff:{address}") == is_public(str(address))


@given(st.ip_addresses())
def test_nothing_that_python_calls_private_is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        mapped = getattr(address, "ipv4_mapped", None)
        assert mapped is not None or not is_public(str(address))


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for candidate in (text, f"https://{text}"):
        try:
            assert check_url(candidate, private=False).scheme == "https"
        except Invalid:
            continue


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]:8443/",
        "https://2130706433/",  # 127.0.0.1 as one number
        "https://0x7f.1/",
        "https://127.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://0/",
        "http://127.0.0.1/",
    ],
)
async def test_a_forbidden_receiver_is_refused_however_it_is_written(url: str) -> None:
    with pytest.raises(Refused):
        await resolve(url, private=False)


async def test_one_forbidden_address_among_good_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(Refused):
        await resolve("https://receiver.example/", private=False)


def answers(monkeypatch: pytest.MonkeyPatch, *each: list[str]) -> None:
    """The names' server answers these, one after the other."""
    left = list(each)

    async def getaddrinfo(_host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in left.pop(0)]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)


async def test_the_call_goes_to_the_address_that_was_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers another address the second time is not asked a second time."""
    met: list[str] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    answers(monkeypatch, ["127.0.0.1"])  # a second question would find nothing
    settings = Settings(webhook_private=True)
    outcome = await webhook.call(settings, f"http://receiver.example:{port}/path", "secret", b"{}", "test-1")
    server.close()
    assert outcome.delivered, outcome.detail
    assert f"host: receiver.example:{port}" in met[0].lower()
    assert met[0].startswith("POST /path HTTP/1.1")


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """Of `receiver.example`, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver.example")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("receiver.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = tmp_path / "certificate.pem", tmp_path / "key.pem"
    paths[0].write_bytes(built.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


@pytest.mark.parametrize(
    ("name", "trusts", "delivered"),
    [("receiver.example", True, True), ("other.example", True, False), ("receiver.example", False, False)],
)
async def test_the_certificate_must_be_the_names_and_of_a_trusted_authority(
    monkeypatch: pytest.MonkeyPatch, certificate: tuple[Path, Path], name: str, trusts: bool, delivered: bool
) -> None:
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    context.sni_callback = lambda _socket, wanted, _context: names.append(wanted)

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    answers(monkeypatch, ["127.0.0.1"])
    trusted = ssl.create_default_context(cafile=certificate[0] if trusts else None)
    monkeypatch.setattr(webhook, "_trusted", lambda: trusted)
    outcome = await webhook.call(Settings(webhook_private=True), f"https://{name}:{port}/", "s", b"{}", "test-1")
    server.close()
    assert outcome.delivered == delivered, outcome.detail
    assert names == [name]


async def test_an_answer_without_end_is_not_read() -> None:
    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000000\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
        except OSError:
            return

    server = await asyncio.start_server(pour, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with asyncio.timeout(4):
        outcome = await webhook.call(
            Settings(webhook_private=True), f"http://127.0.0.1:{port}/", "secret", b"{}", "test-1"
        )
    server.close()
    assert (outcome.delivered, outcome.status) == (True, 200)


async def test_a_forbidden_address_ends_without_another_attempt() -> None:
    outcome = await webhook.call(Settings(), "https://127.0.0.1/", "secret", b"{}", "test-1")
    assert (outcome.delivered, outcome.refused, outcome.status) == (False, True, None)


def test_the_signature_is_over_timestamp_and_body() -> None:
    """The example of docs/notifications.md."""
    document = Path(__file__).parents[2] / "docs/notifications.md"
    expected = "v1=d47e123f4d38306c06008bf3608ddd9b30bf18dd4cbb925fed43ea82dc994a4f"
    assert expected in document.read_text(encoding="utf-8")
    assert webhook.sign("mvwh_example", 1700000000, b'{"event":"test"}') == expected
    assert webhook.sign("mvwh_example", 1700000001, b'{"event":"test"}') != expected
    assert webhook.sign("mvwh_other", 1700000000, b'{"event":"test"}') != expected
