"""Links to renditions that work without a session: what they open, and what they must not open."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import dicom_bytes, png_bytes
from mammogram_viewer.archive.rendition_links import SHOWN_KINDS, RenditionLinks, SignedLink
from mammogram_viewer.foundation.errors import Forbidden, NotFound
from mammogram_viewer.web.headers import content_security_policy
from product import Product, running
from product_fixtures import Servers

BASE = "https://pictures.clinic.example/kept"


@pytest.fixture(scope="module")
def product(people_database: str, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder: Path = tmp_path_factory.mktemp("signed")
    made = Product(folder, people_database, servers.redis_url, settings={"PUBLIC_RENDITION_BASE_URL": BASE})
    with running(made, "api", "worker") as started:
        yield started


@pytest.fixture(scope="module")
def image(product: Product) -> dict[str, Any]:
    return product.wait_for(product.upload_one(png_bytes(seed=901), "one.png")["id"])


@pytest.fixture
def stranger(product: Product) -> Iterator[httpx.Client]:
    """Whoever fetches for a CDN: no session, no token."""
    with httpx.Client(base_url=product.base_url) as client:
        yield client


def path_of(link: str) -> str:
    assert link.startswith(f"{BASE}/renditions/")
    return link.removeprefix(BASE)


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_links_of_lists_and_images_lead_to_the_base_and_stay_the_same(product: Product, image: dict[str, Any]) -> None:
    listed = product.client("user").get("/api/images", params={"useCursor": "true"}).json()["images"][0]
    uploaded = product.client("user").get("/api/uploads").json()["uploads"][0]["image"]
    again = product.image(image["id"])["links"]
    assert listed["links"] == uploaded["links"] == image["links"] == again
    for name in ("png", "thumbnail256", "thumbnail512"):
        assert image["links"][name].startswith(f"{BASE}/renditions/{image['id']}/")
    for name in ("self", "file"):  # and never the original
        assert image["links"][name].startswith("/api/images/")


def test_the_pictures_of_exams_are_signed_links_too(product: Product, stranger: httpx.Client) -> None:
    image = product.wait_for(product.upload_one(dicom_bytes(seed=904), who="other")["id"])
    listed = product.client("other").get("/api/studies").json()["studies"][0]
    shown = product.client("other").get(f"/api/studies/{listed['id']}").json()
    for study in (listed, shown):
        pictures = [place["image"] for place in study["hanging"] if place["image"]] + study["others"]
        assert [picture["links"] for picture in pictures] == [image["links"]]
    assert [one["links"] for one in shown["images"]] == [image["links"]]
    assert stranger.get(path_of(image["links"]["thumbnail256"])).status_code == 200


def test_a_link_opens_its_rendition_for_anybody_and_may_be_kept_until_it_expires(
    product: Product, image: dict[str, Any], stranger: httpx.Client
) -> None:
    for name, own in (("png", "png"), ("thumbnail256", "thumbnail?size=256"), ("thumbnail512", "thumbnail?size=512")):
        answer = stranger.get(path_of(image["links"][name]))
        assert answer.status_code == 200, answer.text
        assert answer.content == product.client("user").get(f"/api/images/{image['id']}/{own}").content
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert answer.headers["referrer-policy"] == "no-referrer"
        said = dict(part.split("=") for part in answer.headers["cache-control"].split(", ") if "=" in part)
        assert answer.headers["cache-control"].startswith("public, max-age=")
        assert 8 * 3600 < int(said["max-age"]) <= 16 * 3600
        assert int(said["s-maxage"]) == 300
        cached = stranger.get(path_of(image["links"][name]), headers={"if-none-match": answer.headers["etag"]})
        assert (cached.status_code, cached.content) == (304, b"")
        assert cached.headers["cache-control"].startswith("public")


def test_no_cookie_is_needed_or_set_and_a_bad_credential_does_not_matter(
    image: dict[str, Any], stranger: httpx.Client
) -> None:
    path = path_of(image["links"]["thumbnail256"])
    for headers in ({}, {"authorization": "Bearer mv_nonsense"}, {"cookie": "mammogram_viewer_session=nonsense"}):
        answer = stranger.get(path, headers=headers)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers


def test_a_link_to_another_image_kind_version_or_expiry_is_refused(
    product: Product, image: dict[str, Any], stranger: httpx.Client
) -> None:
    other = product.wait_for(product.upload_one(png_bytes(seed=902), "two.png", who="other")["id"])
    _, root, image_id, kind, version, expires, signature = path_of(image["links"]["thumbnail256"]).split("/")
    changed = {
        "another image": (str(other["id"]), kind, version, expires, signature),
        "another kind": (image_id, "png8", version, expires, signature),
        "another version": (image_id, kind, str(int(version) + 1), expires, signature),
        "a later expiry": (image_id, kind, version, str(int(expires) + 1), signature),
        "another's signature": (image_id, kind, version, expires, path_of(other["links"]["png"]).split("/")[-1]),
        "half a signature": (image_id, kind, version, expires, signature[:20]),
        "other letters": (image_id, kind, version, expires, "ü" + signature[1:]),
    }
    for what, parts in changed.items():
        answer = stranger.get("/".join(["", root, *parts]))
        assert code_of(answer) == (403, "invalid_signature"), what
        assert answer.headers["cache-control"] == "no-store"


def test_what_is_no_rendition_of_a_page_has_no_address(image: dict[str, Any], stranger: httpx.Client) -> None:
    _, root, image_id, _, *rest = path_of(image["links"]["thumbnail256"]).split("/")
    for kind in ("original", "file", "tags", "png16", "frames"):
        assert code_of(stranger.get("/".join(["", root, image_id, kind, *rest]))) == (404, "not_found")
    for number in ("-1", "0", "9" * 30):
        assert stranger.get("/".join(["", root, number, "png8", *rest])).status_code == 404
    assert stranger.get("/renditions/").status_code == 404
    assert stranger.get("/renditions/1/png8").status_code == 404


def test_the_link_of_a_deleted_image_is_dead(product: Product, stranger: httpx.Client) -> None:
    image = product.wait_for(product.upload_one(png_bytes(seed=903), "gone.png")["id"])
    path = path_of(image["links"]["thumbnail512"])
    assert stranger.get(path).status_code == 200
    assert product.client("user").delete(f"/api/images/{image['id']}").status_code in (200, 204)
    assert code_of(stranger.get(path)) == (404, "not_found")


def test_the_page_may_show_pictures_from_the_base_and_from_nowhere_else(product: Product) -> None:
    policy = httpx.get(f"{product.base_url}/").headers["content-security-policy"]
    assert "img-src 'self' https://pictures.clinic.example blob: data:;" in policy
    assert "connect-src 'self';" in policy
    assert "img-src 'self' blob: data:" in content_security_policy()


def test_the_end_of_a_link_is_not_logged(product: Product, image: dict[str, Any], stranger: httpx.Client) -> None:
    path = path_of(image["links"]["thumbnail256"])
    assert stranger.get(path).status_code == 200
    product.wait_until(lambda: path.rpartition("/")[0] in product.log("api"), "the request is logged")
    assert path.rpartition("/")[2] not in product.log("api")


async def test_a_view_counts_when_the_page_says_so_and_only_for_who_may_see_the_image(
    product: Product, image: dict[str, Any], stranger: httpx.Client
) -> None:
    counted = "SELECT count(*) FROM audit_log WHERE act = 'image_viewed' AND resource_id = $1"
    assert stranger.get(path_of(image["links"]["png"])).status_code == 200
    before = (await product.fetch(counted, image["id"]))[0][0]
    assert product.client("radiologist").post(f"/api/images/{image['id']}/views").status_code == 204
    assert product.client("other").post(f"/api/images/{image['id']}/views").status_code == 404
    assert (await product.fetch(counted, image["id"]))[0][0] == before + 1


# --- making and checking ----------------------------------------------------------------------------------------


class Time:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def parsed(address: str) -> SignedLink:
    image_id, kind, version, expires, signature = address.split("/")[-5:]
    return SignedLink(
        image_id=int(image_id), kind=kind, version=int(version), expires=int(expires), signature=signature
    )


Links = Callable[..., RenditionLinks]


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def links(db: asyncpg.Pool, clock: Time) -> Links:
    """Each call is another machine of the installation."""
    return lambda base=BASE: RenditionLinks(db, base, link_seconds=3600, clock=clock)


async def made(machine: RenditionLinks) -> str:
    address = await machine.addresses()
    assert address is not None
    return address(7, 3, "png8")


async def test_all_machines_make_the_same_link_within_a_window_and_it_lives_long_enough(
    links: Links, clock: Time
) -> None:
    one, other = links(), links()
    clock.now = 1_700_000_000 // 3600 * 3600
    first = await made(one)
    clock.now += 3599
    assert await made(other) == first
    assert await other.check(parsed(first)) == 3601
    clock.now += 1
    assert await made(one) != first
    clock.now += 3600
    with pytest.raises(Forbidden) as refused:
        await other.check(parsed(first))
    assert refused.value.code == "link_expired"


async def test_a_new_key_signs_and_the_old_one_is_believed_until_it_is_deleted(links: Links, db: asyncpg.Pool) -> None:
    one, other = links(), links()
    old = await made(one)
    await made(other)
    await db.execute("INSERT INTO rendition_link_keys DEFAULT VALUES")
    new = await made(links())
    assert new != old
    other._read_at -= 6  # its keys are older than what a stranger may make it read again
    assert await other.check(parsed(new)) > 0, "a machine that has not read the keys again asks for them"
    assert await links().check(parsed(old)) > 0
    await db.execute(
        "DELETE FROM rendition_link_keys WHERE created_at < (SELECT max(created_at) FROM rendition_link_keys)"
    )
    with pytest.raises(Forbidden):
        await links().check(parsed(old))


async def test_without_a_base_no_link_is_given_out_and_none_is_honoured(links: Links) -> None:
    link = await made(links())
    assert await links("").addresses() is None
    with pytest.raises(NotFound):
        await links("").check(parsed(link))


@given(
    field=st.sampled_from(["image_id", "kind", "version", "expires", "signature"]),
    number=st.integers(-(2**63), 2**63),
    text=st.text(max_size=60),
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_changed_link_passes(links: Links, field: str, number: int, text: str) -> None:
    link = parsed(await made(links()))
    values = {name: getattr(link, name) for name in SignedLink.__struct_fields__}
    changed = text if field in ("kind", "signature") else number
    if values[field] == changed:
        return
    with pytest.raises(Forbidden) as refused:
        await links().check(SignedLink(**{**values, field: changed}))
    assert refused.value.code == "invalid_signature"


async def test_signatures_are_whole_digests_and_kinds_those_that_pages_show(links: Links) -> None:
    signature = parsed(await made(links())).signature
    assert len(base64.urlsafe_b64decode(signature + "=")) == 32
    assert set(SHOWN_KINDS) == {"png8", "thumbnail256", "thumbnail512"}
