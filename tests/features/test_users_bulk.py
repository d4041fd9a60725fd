"""Approving and disabling many users at once."""

from __future__ import annotations

from typing import Any

import httpx

from product import PASSWORD, Product


def act(product: Product, ids: list[int], status: str, who: str = "admin") -> dict[str, Any]:
    answer = product.client(who).post("/api/admin/users/bulk", json={"userIds": ids, "status": status})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def people(product: Product, *names: str, role: str = "user", status: str = "pending") -> list[int]:
    rows = await product.fetch(
        """INSERT INTO users (email, name, role, status, password_hash)
           SELECT n || '@bulk.example', n, $2, $3, (SELECT password_hash FROM users WHERE email = 'user@example.org')
           FROM unnest($1::text[]) n RETURNING id""",
        list(names),
        role,
        status,
    )
    return [row["id"] for row in rows]


def may_sign_in(product: Product, name: str) -> bool:
    body = {"email": f"{name}@bulk.example", "password": PASSWORD}
    return httpx.post(f"{product.base_url}/api/auth/login", json=body, timeout=30).status_code == 200


async def test_many_are_approved_and_disabled_each_audited_and_their_sessions_end(product: Product) -> None:
    ids = await people(product, "ann", "bea", "cleo")
    assert not may_sign_in(product, "ann")
    assert act(product, [*ids, ids[0]], "active") == {"changed": ids, "refused": []}
    with httpx.Client(base_url=product.base_url) as session:
        signed_in = session.post("/api/auth/login", json={"email": "ann@bulk.example", "password": PASSWORD})
        assert signed_in.status_code == 200
        assert session.get("/api/auth/me").status_code == 200
        assert act(product, ids, "disabled")["changed"] == ids
        assert session.get("/api/auth/me").status_code == 401
    assert not may_sign_in(product, "bea")
    assert not await product.fetch("SELECT 1 FROM sessions WHERE user_id = ANY($1::bigint[])", ids)
    assert act(product, ids, "disabled")["changed"] == ids, "once more changes and records nothing"
    rows = await product.fetch(
        """SELECT resource_id, array_agg(act ORDER BY id) AS acts, count(actor_user_id) AS known FROM audit_log
           WHERE resource_type = 'user' AND resource_id = ANY($1::bigint[]) AND act LIKE 'user\\_%'
           GROUP BY resource_id""",
        ids,
    )
    assert {row["resource_id"] for row in rows} == set(ids)
    assert all(row["acts"] == ["user_approved", "user_disabled"] and row["known"] == 2 for row in rows)


async def test_oneself_unknown_ones_and_the_last_administrator_are_refused_by_themselves(product: Product) -> None:
    (other,) = await people(product, "dora")
    admins = await people(product, "eve", "fay", role="admin", status="active")
    (me,) = [row["id"] for row in await product.fetch("SELECT id FROM users WHERE email = 'admin@example.org'")]
    answer = act(product, [me, other, 999_999, -1, 2**63, *admins], "disabled")
    assert answer["changed"] == [other, *admins]
    assert {r["id"]: r["code"] for r in answer["refused"]} == {
        me: "oneself",
        999_999: "not_found",
        -1: "not_found",
        2**63: "not_found",
    }
    assert act(product, [me], "active")["changed"] == [me]


def test_what_is_no_such_request_is_refused(product: Product) -> None:
    admin = product.client("admin")
    for body, status, code in (
        ({"userIds": [], "status": "active"}, 422, "nothing_named"),
        ({"userIds": list(range(1, 10_002)), "status": "active"}, 422, "too_many"),
    ):
        answer = admin.post("/api/admin/users/bulk", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    for body in ({"userIds": [1], "status": "pending"}, {"userIds": [1]}, {"status": "active"}, {"userIds": None}):
        assert admin.post("/api/admin/users/bulk", json=body).status_code in (400, 422)
    for who in ("technologist", "radiologist", "user"):
        answer = product.client(who).post("/api/admin/users/bulk", json={"userIds": [1], "status": "active"})
        assert answer.status_code == 403
