"""The description of the API is valid and tells only what callers may send; and whatever is sent by it, no 5xx."""

from __future__ import annotations

import json
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase

from builders import png_bytes
from product import Product

# What handlers are given by the application itself; a caller must never be asked for it.
OURS = {"db", "redis_client", "redisClient", "storage", "queue", "intake", "archives", "settings", "principal", "actor",
        "request", "state", "connection"}  # fmt: skip
EXAMPLES = 12
METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def description(product: Product) -> dict[str, Any]:
    answer = product.client().get("/api/openapi.json")
    assert answer.status_code == 200
    return answer.json()


def operations(description: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


def test_the_description_is_valid_openapi(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1")
    schemathesis.openapi.from_dict(description).validate()


def test_no_operation_asks_for_what_is_ours(description: dict[str, Any]) -> None:
    found = operations(description)
    assert len(found) > 20
    for method, path, operation in found:
        asked = {parameter["name"] for parameter in operation.get("parameters", [])}
        # There `queue` and `state` are what to filter by.
        ours = OURS - {"queue", "state"} if path == "/api/admin/queue/jobs" else OURS
        assert not asked & ours, f"{method} {path}"
        in_path = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        assert in_path == {part[1:-1] for part in path.split("/") if part.startswith("{")}, f"{method} {path}"


def test_every_operation_says_what_it_does_and_has_a_name_of_its_own(description: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(description)]
    assert len(set(names)) == len(names)
    for method, path, operation in operations(description):
        assert operation.get("summary"), f"{method} {path}"


def test_the_list_names_its_filters(description: dict[str, Any]) -> None:
    asked = {p["name"] for p in description["paths"]["/api/images"]["get"]["parameters"]}
    wanted = {"fileType", "from", "to", "userId", "status", "laterality", "view", "modality", "studyId", "q"}
    assert asked >= wanted | {"useCursor", "cursor", "direction", "limit", "page"}


def leaves_the_session_alone(context: Any) -> bool:
    """Signing out or changing one's password ends the session that the other calls need."""
    return not any(word in context.operation.path for word in ("/auth/logout", "/auth/password", "/auth/sessions"))


@pytest.mark.parametrize("who", ["admin", "user"])
def test_no_call_that_the_description_allows_is_answered_5xx(
    product: Product, description: dict[str, Any], who: str
) -> None:
    product.wait_for(product.upload_one(png_bytes(seed=1), "a.png", who=who)["id"])
    client = product.client(who)
    schema = schemathesis.openapi.from_dict(description)
    schema.config.update(base_url=product.base_url)
    # Both kinds of cases: what the description allows, and what it forbids.
    schema.config.generation.update(modes=list(schemathesis.GenerationMode))
    tried = 0
    troubles: list[str] = []

    for result in schema.get_all_operations():
        operation = result.ok()
        if "/auth/" in operation.path and operation.method.upper() != "GET":
            continue  # these end the session, or lock out the address; tests/features/test_accounts_* have them
        if operation.path.startswith("/api/admin/users") and operation.method.upper() != "GET":
            continue  # an example may disable the very user who asks
        if operation.path in ("/api/events", "/api/analytics/stream"):
            continue  # answers without end; tests/features/test_events.py and test_analytics_stream.py have them
        tried += 1

        @hypothesis.settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy())
        def call(case: schemathesis.Case) -> None:
            sent = case.as_transport_kwargs(base_url=product.base_url)
            answer = client.request(
                sent["method"],
                sent["url"],
                params=sent.get("params"),
                headers={k: v for k, v in (sent.get("headers") or {}).items() if k.isascii() and str(v).isascii()},
                content=sent["data"] if isinstance(sent.get("data"), bytes | str) else None,
                json=sent.get("json"),
            )
            if answer.status_code >= 500:
                troubles.append(f"{answer.request.method} {answer.request.url} {json.dumps(str(sent))[:300]}")
            if answer.status_code >= 400 and case.method.upper() != "HEAD":
                assert answer.headers["content-type"].startswith("application/problem+json"), answer.text

        call()
    assert tried > 10
    assert not troubles, "\n".join(troubles) + product.log("api")[-3000:]
