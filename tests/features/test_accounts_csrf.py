"""Requests that a page of another site makes the browser send."""

from __future__ import annotations

import asyncpg
import pytest

from accounts_client import PASSWORD, add_user, browser, build_app, sign_in
from mammogram_viewer.foundation.settings import Settings

ADA = "ada@clinic.example"
BODY = {"name": "", "scopes": ["read"]}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),  # another host of the same clinic, perhaps a blog
        ({"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:3000"}, 403),
        ({"sec-fetch-site": "nonsense"}, 403),
        ({"sec-fetch-site": "same-origin"}, 201),
        ({"sec-fetch-site": "none"}, 201),
        ({"origin": "https://elsewhere.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:3001"}, 403),
        ({"origin": "http://127.0.0.1:3000.elsewhere.example"}, 403),
        ({"origin": "http://127.0.0.1:3000@elsewhere.example"}, 403),
        ({"origin": ""}, 403),
        ({"origin": "http://127.0.0.1:3000"}, 201),
        ({}, 201),  # no browser
    ],
)
async def test_unsafe_request_must_come_from_our_own_page(
    db: asyncpg.Pool, settings: Settings, headers: dict[str, str], status: int
) -> None:
    await add_user(db, settings, ADA)
    async with browser(build_app(db, settings)) as client:
        await sign_in(client, ADA)
        answer = await client.post("/api/auth/tokens", json=BODY, headers=headers)
        assert answer.status_code == status, answer.text
        if status == 403:
            assert answer.json()["code"] == "cross_site"
    assert await db.fetchval("SELECT count(*) FROM api_tokens") == (1 if status == 201 else 0)


async def test_reading_is_left_to_the_browsers_own_rules(db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, ADA)
    async with browser(build_app(db, settings)) as client:
        await sign_in(client, ADA)
        answer = await client.get("/api/auth/me", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


async def test_foreign_page_cannot_sign_a_visitor_in_to_its_own_account(db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, "eve@clinic.example")
    async with browser(build_app(db, settings)) as victim:
        answer = await victim.post(
            "/api/auth/login",
            json={"email": "eve@clinic.example", "password": PASSWORD},
            headers={"origin": "https://elsewhere.example"},
        )
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_plain_forms_cannot_carry_json(db: asyncpg.Pool, settings: Settings, content_type: str) -> None:
    await add_user(db, settings, ADA)
    async with browser(build_app(db, settings)) as client:
        await sign_in(client, ADA)
        answer = await client.post(
            "/api/auth/tokens", content=b'{"name":"","scopes":["read"]}', headers={"content-type": content_type}
        )
    assert (answer.status_code, answer.json()["code"]) == (415, "json_expected")


async def test_public_address_behind_a_proxy_counts_as_own(db: asyncpg.Pool, settings: Settings) -> None:
    behind = Settings(**{**vars(settings), "public_url": "https://viewer.clinic.example"})
    await add_user(db, settings, ADA)
    async with browser(build_app(db, behind), address="https://10.0.0.5:3000") as client:
        for origin, status in (
            ("https://viewer.clinic.example", 200),
            ("http://viewer.clinic.example", 403),
            ("https://viewer.clinic.example.elsewhere.example", 403),
            ("http://10.0.0.5:3000", 403),  # http page, https server
        ):
            body = {"email": ADA, "password": PASSWORD}
            answer = await client.post("/api/auth/login", json=body, headers={"origin": origin})
            assert answer.status_code == status, origin
