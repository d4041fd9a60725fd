"""API tokens: scoped, expiring, revocable, shown once."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode
from typing import Any

import asyncpg
import httpx
import pytest

from accounts_client import PASSWORD, acts, add_user, browser, build_app, sign_in
from mammogram_viewer.accounts.cookies import LOOPBACK_NAME
from mammogram_viewer.accounts.models import Role
from mammogram_viewer.foundation.settings import Settings

ADA = "ada@clinic.example"


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def make_token(client: httpx.AsyncClient, *scopes: str, **more: Any) -> dict[str, Any]:
    answer = await client.post("/api/auth/tokens", json={"name": "nightly export", "scopes": scopes, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def signed_in(db: asyncpg.Pool, settings: Settings, client: httpx.AsyncClient, role: Role = "user") -> int:
    user_id = await add_user(db, settings, ADA, role=role)
    await sign_in(client, ADA)
    return user_id


async def test_token_signs_its_owner_in_without_cookie(db: asyncpg.Pool, settings: Settings) -> None:
    app = build_app(db, settings)
    async with browser(app) as client, browser(app) as script:
        await signed_in(db, settings, client)
        made = await make_token(client, "read", "write", days=30)
        me = (await script.get("/api/auth/me", headers=bearer(made["token"]))).json()
    assert (me["user"]["email"], me["authentication"]) == (ADA, "token")
    assert made["apiToken"]["scopes"] == ["read", "write"]
    assert made["token"].startswith(made["apiToken"]["prefix"])
    assert "token_created" in await acts(db)


async def test_token_is_shown_once_and_kept_as_digest(db: asyncpg.Pool, settings: Settings) -> None:
    async with browser(build_app(db, settings)) as client:
        await signed_in(db, settings, client)
        made = await make_token(client, "read")
        listed = await client.get("/api/auth/tokens")
    secret = made["token"].removeprefix("mv_")
    assert made["token"] not in listed.text and secret not in listed.text
    row = await db.fetchrow("SELECT * FROM api_tokens")
    assert row is not None and row["token_hash"] == hashlib.sha256(urlsafe_b64decode(secret + "=")).digest()
    assert len(row["prefix"]) == 9
    assert secret not in str(await db.fetch("SELECT * FROM audit_log"))


@pytest.mark.parametrize(
    "forged",
    ["", "mv_", "mv_short", "mv_" + "A" * 43, "A" * 43, "mv_" + "é" * 43, "mv_' OR 1=1 --", "eyJhbGciOiJub25lIn0.e30."],
)
async def test_forged_token_is_refused_even_with_a_good_cookie_beside_it(
    db: asyncpg.Pool, settings: Settings, forged: str
) -> None:
    async with browser(build_app(db, settings)) as client:
        await signed_in(db, settings, client)
        header = (b"authorization", b"Bearer " + forged.encode())
        answer = await client.get("/api/auth/me", headers=[header])
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


@pytest.mark.parametrize(
    "ending",
    [
        "UPDATE api_tokens SET expires_at = now()",
        "UPDATE api_tokens SET revoked_at = now()",
        "UPDATE users SET status = 'disabled'",
        "DELETE FROM api_tokens",
    ],
)
async def test_expired_revoked_or_ownerless_token_is_refused_on_the_next_request(
    db: asyncpg.Pool, settings: Settings, ending: str
) -> None:
    app = build_app(db, settings)
    async with browser(app) as client, browser(app) as script:
        await signed_in(db, settings, client)
        made = await make_token(client, "read", days=1)
        assert (await script.get("/api/auth/me", headers=bearer(made["token"]))).status_code == 200
        await db.execute(ending)
        answer = await script.get("/api/auth/me", headers=bearer(made["token"]))
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


async def test_token_may_do_only_what_its_scopes_say(db: asyncpg.Pool, settings: Settings) -> None:
    app = build_app(db, settings)
    async with browser(app) as client, browser(app) as script:
        await signed_in(db, settings, client, role="admin")
        reads = bearer((await make_token(client, "read"))["token"])
        writes = bearer((await make_token(client, "write"))["token"])
        administers = bearer((await make_token(client, "admin"))["token"])
        body = {"name": "another", "scopes": ["read"]}
        assert (await script.get("/api/auth/tokens", headers=reads)).status_code == 200
        for path, method, headers in (
            ("/api/auth/tokens", "POST", reads),
            ("/api/admin/users", "GET", reads),
            ("/api/auth/me", "GET", writes),
            ("/api/admin/users", "GET", writes),
        ):
            json = body if method == "POST" else None
            answer = await script.request(method, path, json=json, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")
        assert (await script.get("/api/admin/users", headers=administers)).status_code == 200
        me = (await script.get("/api/auth/me", headers=reads)).json()
        assert me["capabilities"] == {
            "upload": False,
            "correct": False,
            "administer": False,
            "seesEveryImage": True,
        }


async def test_admin_scope_does_not_make_an_administrator(db: asyncpg.Pool, settings: Settings) -> None:
    app = build_app(db, settings)
    async with browser(app) as client, browser(app) as script:
        user_id = await signed_in(db, settings, client)
        refused = await client.post("/api/auth/tokens", json={"name": "", "scopes": ["admin"]})
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_not_allowed")
        await db.execute("UPDATE users SET role = 'admin' WHERE id = $1", user_id)
        token = bearer((await make_token(client, "admin"))["token"])
        assert (await script.get("/api/admin/users", headers=token)).status_code == 200
        await db.execute("UPDATE users SET role = 'user' WHERE id = $1", user_id)
        assert (await script.get("/api/admin/users", headers=token)).status_code == 403


async def test_token_makes_no_token_that_may_do_more_or_lives_longer(db: asyncpg.Pool, settings: Settings) -> None:
    app = build_app(db, settings)
    async with browser(app) as client, browser(app) as script:
        await signed_in(db, settings, client, role="admin")
        parent = await make_token(client, "read", "write", days=2)
        script.headers.update(bearer(parent["token"]))
        refused = await script.post("/api/auth/tokens", json={"name": "", "scopes": ["read", "admin"]})
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_not_allowed")
        for days in (None, 1000):
            child = await make_token(script, "read", days=days)
            assert child["apiToken"]["expiresAt"] == parent["apiToken"]["expiresAt"]


async def test_token_is_revoked_by_its_owner_alone(db: asyncpg.Pool, settings: Settings) -> None:
    app = build_app(db, settings)
    async with browser(app) as client, browser(app) as eve, browser(app) as script:
        await signed_in(db, settings, client)
        await add_user(db, settings, "eve@clinic.example", role="admin")
        await sign_in(eve, "eve@clinic.example")
        made = await make_token(client, "read")
        path = f"/api/auth/tokens/{made['apiToken']['id']}"
        assert (await eve.get("/api/auth/tokens")).json() == {"apiTokens": []}
        assert (await eve.delete(path)).status_code == 404
        assert (await client.delete(path)).status_code == 204
        assert (await client.delete(path)).status_code == 404
        assert (await client.delete("/api/auth/tokens/99999999999999999999")).status_code == 404
        assert (await script.get("/api/auth/me", headers=bearer(made["token"]))).status_code == 401
        assert (await client.get("/api/auth/tokens")).json() == {"apiTokens": []}
    assert "token_revoked" in await acts(db)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "", "scopes": []}, 422, "invalid_scopes"),
        ({"name": "", "scopes": ["read"], "days": 0}, 422, "invalid_days"),
        ({"name": "", "scopes": ["read"], "days": 10**30}, 422, None),
        ({"name": "", "scopes": ["everything"]}, 422, "invalid"),
        ({"name": "a\x00b", "scopes": ["read"]}, 422, "invalid_name"),
    ],
)
async def test_token_without_sense_is_refused(
    db: asyncpg.Pool, settings: Settings, body: dict[str, Any], status: int, code: str | None
) -> None:
    async with browser(build_app(db, settings)) as client:
        await signed_in(db, settings, client)
        answer = await client.post("/api/auth/tokens", json=body)
    assert answer.status_code == status, answer.text
    assert code is None or answer.json()["code"] == code


async def test_tokens_of_one_user_are_bounded(db: asyncpg.Pool, settings: Settings) -> None:
    async with browser(build_app(db, Settings(**{**vars(settings), "api_tokens_per_user": 2}))) as client:
        await signed_in(db, settings, client)
        for _ in range(2):
            await make_token(client, "read")
        answer = await client.post("/api/auth/tokens", json={"name": "", "scopes": ["read"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_tokens")


async def test_token_needs_no_origin_and_logs_nobody_out(db: asyncpg.Pool, settings: Settings) -> None:
    app = build_app(db, settings)
    async with browser(app) as client, browser(app) as script:
        await signed_in(db, settings, client)
        token = bearer((await make_token(client, "read", "write"))["token"])
        foreign = {**token, "origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"}
        body = {"name": "child", "scopes": ["read"]}
        assert (await script.post("/api/auth/tokens", json=body, headers=foreign)).status_code == 201
        assert (await script.post("/api/auth/logout", headers=token)).status_code == 204
        assert (await client.get("/api/auth/me")).status_code == 200
        assert (await script.get("/api/auth/me", headers=token)).status_code == 200


async def test_token_in_a_cookie_and_cookie_in_a_token_are_nobody(db: asyncpg.Pool, settings: Settings) -> None:
    app = build_app(db, settings)
    async with browser(app) as client, browser(app) as script:
        await signed_in(db, settings, client)
        secret = (await make_token(client, "read"))["token"].removeprefix("mv_")
        script.cookies.set(LOOPBACK_NAME, secret)
        assert (await script.get("/api/auth/me")).status_code == 401
        session = bearer("mv_" + client.cookies[LOOPBACK_NAME])
        assert (await script.get("/api/auth/me", headers=session)).status_code == 401


async def test_password_can_be_changed_with_a_token_and_ends_every_session(
    db: asyncpg.Pool, settings: Settings
) -> None:
    app = build_app(db, settings)
    body = {"currentPassword": PASSWORD, "newPassword": "eight restless harbours"}
    async with browser(app) as client, browser(app) as script:
        await signed_in(db, settings, client)
        token = bearer((await make_token(client, "read", "write"))["token"])
        assert (await script.post("/api/auth/password", json=body, headers=token)).status_code == 204
        assert (await client.get("/api/auth/me")).status_code == 401
        assert (await script.get("/api/auth/me", headers=token)).status_code == 200
