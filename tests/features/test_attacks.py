"""Attacks that have hit others: names that leave their folder, scripts, secrets in logs, floods, broken downloads."""

from __future__ import annotations

import re
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import httpx
import psutil
import pytest
import redis

from builders import dicom_bytes, jpeg_bytes, png_bytes
from mammogram_viewer.accounts.cookies import LOOPBACK_NAME
from product import PASSWORD, Product

SCRIPT = "<script>alert(1)</script>^X"


PATHS = ["../../../../etc/passwd", "1.2.3/../../x", "..", "1.2.840\\..\\..\\x", "/etc/passwd"]


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
@pytest.mark.parametrize("uid", PATHS)
def test_a_uid_with_a_path_in_it_names_no_file(product: Product, uid: str) -> None:
    body = dicom_bytes(seed=2000 + PATHS.index(uid), sop_instance_uid=uid)
    image = product.wait_for(product.upload_one(body)["id"])
    assert image["status"] in ("ready", "rejected")
    assert product.client().get(f"/api/images/{image['id']}/file").content == body
    for path in product.stored_files():
        assert re.fullmatch(
            r"(originals|renditions)/[0-9a-f]{2}/[0-9a-f]{32}", str(path.relative_to(product.data_dir / "storage"))
        )


def test_a_patient_name_with_a_script_is_data_and_nothing_else(product: Product) -> None:
    image = product.wait_for(
        product.upload_one(dicom_bytes(seed=30, patient_name=SCRIPT, patient_id="<img src=x>"))["id"]
    )
    assert image["patientName"] == SCRIPT
    for path in (image["links"]["self"], "/api/images", image["links"]["tags"]):
        answer = product.client().get(path)
        assert answer.headers["content-type"].split(";")[0] in ("application/json", "application/dicom+json")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "script-src 'self'" in answer.headers["content-security-policy"]
    for path in (f"/images/{image['id']}", f"/?q={quote(SCRIPT)}", f"/{quote(SCRIPT)}"):
        page = product.client().get(path)
        assert "alert(1)" not in page.text, path
    problem = product.client().get("/api/images", params={"status": SCRIPT})
    assert problem.headers["content-type"].startswith("application/problem+json")


HOSTILE_NAMES = [
    'a"; filename="evil.exe',
    "a\r\nSet-Cookie: x=1.dcm",
    "a\nb.dcm",
    "ä€日本🎉.dcm",
    "a;b=c,d.dcm",
    "%0d%0aX-Evil: 1.dcm",
    "a'b''c.dcm",
    "\u202egnp.exe",
    "x" * 300,
    " . ",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=range(len(HOSTILE_NAMES)))
def test_hostile_names_are_safe_in_the_download_header(product: Product, name: str) -> None:
    answer = product.client().post(
        "/api/images",
        content=dicom_bytes(seed=3000 + HOSTILE_NAMES.index(name)),
        headers={"content-type": "application/dicom", "x-file-name": quote(name, safe="")},
    )
    assert answer.status_code == 202, answer.text
    kept = answer.json()["images"][0]
    download = product.client().get(f"/api/images/{kept['id']}/file")
    disposition = download.headers["content-disposition"]
    match = re.fullmatch(r"attachment; filename\*=UTF-8''([A-Za-z0-9%._~-]+)", disposition)
    assert match, disposition
    assert unquote(match[1]) == kept["name"]
    assert "set-cookie" not in download.headers
    assert "x-evil" not in download.headers
    assert not any(ord(c) < 32 for c in kept["name"])


@pytest.mark.parametrize(
    "preamble",
    [
        b"MZ" + b"\x90" * 126,
        b"<html><script>alert(1)</script>".ljust(128),
        b"\x89PNG\r\n\x1a\n".ljust(128),
        b"GIF89a".ljust(128),
        b"PK\x03\x04".ljust(128),
        b"#!/bin/sh\nrm -rf /\n".ljust(128),
    ],
)
def test_a_polyglot_preamble_is_taken_as_dicom_and_served_as_nothing_else(product: Product, preamble: bytes) -> None:
    body = preamble + dicom_bytes(seed=preamble[0] + 500)[128:]
    image = product.wait_for(product.upload_one(body)["id"])
    assert (image["status"], image["fileType"]) == ("ready", "dicom")
    for suffix in ("", "?download=true"):
        answer = product.client().get(f"/api/images/{image['id']}/file{suffix}")
        assert answer.content == body
        assert answer.headers["content-type"] == "application/dicom"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["x-content-type-options"] == "nosniff"


SVGS = [
    b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    b'\xef\xbb\xbf  \n<?xml version="1.0"?>\n<!-- x -->\n<svg onload="alert(1)"/>',
    b'<!-- a comment first --><svg onload="alert(1)"/>',
    b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x"><svg/>',
    b"<SVG/ONLOAD=alert(1)>",
    '<svg onload="alert(1)"/>'.encode("utf-16"),
]


@pytest.mark.parametrize("svg", SVGS, ids=range(len(SVGS)))
@pytest.mark.parametrize("name", ["a.svg", "a.dcm", "a.png"])
def test_svg_is_refused_however_it_is_written_and_called(product: Product, svg: bytes, name: str) -> None:
    for body in (svg, svg + b" " * 500):
        answer = product.upload((name, body))
        assert answer.status_code == 415, answer.text


def test_a_flood_of_ranges_is_answered_with_the_whole_and_overlong_ones_cost_nothing(product: Product) -> None:
    image = product.wait_for(product.upload_one(jpeg_bytes(seed=40, side=600), "a.jpg")["id"])
    client = product.client()
    whole = client.get(image["links"]["file"]).content
    for header in (
        "bytes=" + ",".join(f"{n}-" for n in range(1300)),
        "bytes=0-,0-,0-,0-,0-",
        "bytes=" + "0-1," * 2000,
        "lines=1-2",
        "bytes=5-2",
        "bytes=-",
        "bytes=a-b",
        ("bytes=0-1 " * 100).strip(),
        "bytes=" + "9" * 5000 + "-",
        "bytes=١-٢".encode(),
    ):
        answer = client.get(image["links"]["file"], headers={"range": header})
        assert answer.status_code == 200, header
        assert answer.content == whole
    for header in ("bytes=0-999999999999999999", "bytes=-999999999999999999"):
        answer = client.get(image["links"]["file"], headers={"range": header})
        assert (answer.status_code, answer.content) == (206, whole)
    assert client.get(image["links"]["file"], headers={"range": "bytes=-0"}).status_code == 416


# --- nothing of a patient or a secret where it does not belong --------------------------------------------------

PATIENT = {
    "name": "CANARYNAME^ALICE",
    "id": "CANARYID4711",
    "file": "canaryfile.dcm",
    "query": "canaryquery",
}
WRONG_PASSWORD = "canary wrong passphrase"


async def test_no_patient_and_no_secret_is_in_logs_redis_jobs_or_the_audit_log(product: Product) -> None:
    client = httpx.Client(base_url=product.base_url, timeout=30)
    signed_in = client.post("/api/auth/login", json={"email": "technologist@example.org", "password": PASSWORD})
    assert signed_in.status_code == 200
    session = client.cookies[LOOPBACK_NAME]
    token = client.post("/api/auth/tokens", json={"name": "drill", "scopes": ["read", "write"], "days": 1})
    assert token.status_code == 201, token.text
    secret = token.json()["token"]
    bearer = {"authorization": f"Bearer {secret}"}
    body = dicom_bytes(seed=41, patient_name=PATIENT["name"], patient_id=PATIENT["id"])
    taken = httpx.post(
        f"{product.base_url}/api/images", files=[("files", (PATIENT["file"], body))], headers=bearer, timeout=30
    ).json()["images"][0]
    broken = client.post("/api/images", files=[("files", (PATIENT["file"], body[: len(body) // 2]))]).json()
    image = product.wait_for(taken["id"])
    assert image["patientName"] == PATIENT["name"]
    product.wait_for(broken["images"][0]["id"])
    for path in ("png", "thumbnail", "file?download=true", "tags"):
        assert client.get(f"/api/images/{image['id']}/{path}").status_code == 200
    for asked in (PATIENT["query"], PATIENT["name"], PATIENT["id"]):
        assert client.get("/api/images", params={"q": asked, "useCursor": "true"}).status_code == 200
        assert client.get("/api/images", params={"q": asked + "\0"}).status_code == 422
        assert client.get("/api/images", params={"modality": asked + "\0"}).status_code == 422
    client.post("/api/auth/login", json={"email": "technologist@example.org", "password": WRONG_PASSWORD})
    httpx.get(f"{product.base_url}/api/images", headers={"authorization": f"Bearer {secret}x"})
    client.post("/api/images", content=b"{" + PATIENT["name"].encode(), headers={"content-type": "application/json"})
    client.post(f"/api/jobs/{broken['images'][0]['jobId']}/retry")
    product.wait_for(broken["images"][0]["id"])
    assert client.delete(f"/api/images/{image['id']}").status_code == 204
    client.close()

    secrets = [PASSWORD, WRONG_PASSWORD, session, secret]
    places = {"api log": product.log("api"), "worker log": product.log("worker"), "redis": everything_in_redis(product)}
    for table in ("job_queue", "job_attempts", "audit_log", "user_activity", "sessions", "api_tokens"):
        places[table] = str([row[0] for row in await product.fetch(f"SELECT t::text FROM {table} t")])
    for place, text in places.items():
        assert text, place
        for canary in [*PATIENT.values(), *secrets]:
            assert canary.lower() not in text.lower(), f"{canary} in {place}"


def everything_in_redis(product: Product) -> str:
    client = redis.Redis.from_url(product.redis_url, decode_responses=True)
    found = []
    for key in client.scan_iter(count=1000):
        kind = client.type(key)
        read = {
            "string": client.get,
            "hash": client.hgetall,
            "list": lambda k: client.lrange(k, 0, -1),
            "set": client.smembers,
            "zset": lambda k: client.zrange(k, 0, -1),
            "stream": client.xrange,
        }[kind]
        found.append(f"{key} {read(key)}")
    client.close()
    return "\n".join(found)


# --- downloads that break off -----------------------------------------------------------------------------------


def open_files(product: Product) -> int:
    """Descriptors of stored files in the API; sockets come and go with clients."""
    storage = str(product.data_dir / "storage")
    return len([f for f in psutil.Process(product.processes["api"].pid).open_files() if f.path.startswith(storage)])


@pytest.fixture(scope="module")
def large(product: Product) -> dict[str, Any]:
    return product.upload_one(dicom_bytes(seed=50, rows=4096, columns=3328), "large.dcm")  # 27 MB


def test_downloads_that_break_off_leave_no_file_open(product: Product, large: dict[str, Any]) -> None:
    cookie = "; ".join(f"{k}={v}" for k, v in product.client().cookies.items())
    head = f"GET /api/images/{large['id']}/file HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode()
    api = psutil.Process(product.processes["api"].pid)

    def break_off(number: int) -> None:
        with socket.create_connection(("127.0.0.1", product.port)) as connection:
            connection.sendall(head)
            assert b" 200 " in connection.recv(1000)
            if number % 2:
                # A reset, as a browser's that is closed.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with ThreadPoolExecutor(max_workers=10) as pool:
        list(pool.map(break_off, range(40)))  # opens what is kept: connections to the database
        product.wait_until(lambda: open_files(product) == 0, "every file is closed", 10)
        before = api.num_fds()
        list(pool.map(break_off, range(80)))
    product.wait_until(lambda: open_files(product) == 0, "every file is closed", 10)
    product.wait_until(lambda: api.num_fds() <= before + 2, "every descriptor is given back", 10)
    assert "unexpected_error" not in product.log("api")
    assert product.client().get(f"/api/images/{large['id']}/file").status_code == 200


def test_a_reader_who_stops_reading_does_not_fill_the_memory(product: Product, large: dict[str, Any]) -> None:
    cookie = "; ".join(f"{k}={v}" for k, v in product.client().cookies.items())
    head = f"GET /api/images/{large['id']}/file HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode()
    api = psutil.Process(product.processes["api"].pid)
    before = api.memory_info().rss
    connections = [socket.create_connection(("127.0.0.1", product.port)) for _ in range(20)]
    try:
        for connection in connections:
            connection.sendall(head)
        for connection in connections:
            assert b" 200 " in connection.recv(1000)
        for _ in range(10):  # time enough for a server that would read on
            assert product.client().get("/health/live").status_code == 200
        assert api.memory_info().rss - before < 60e6, "540 MB are being asked for"
    finally:
        for connection in connections:
            connection.close()


async def test_an_original_that_is_gone_is_a_404_and_not_a_broken_answer(product: Product) -> None:
    for side in (16, 1200):
        taken = product.upload_one(png_bytes(seed=60 + side, side=side), "a.png")
        product.wait_for(taken["id"])
        row = (await product.fetch("SELECT storage_key FROM images WHERE id = $1", taken["id"]))[0]
        Path(product.data_dir / "storage" / row["storage_key"]).unlink()
        answer = product.client().get(f"/api/images/{taken['id']}/file")
        assert (answer.status_code, answer.json()["code"]) == (404, "file_missing")
