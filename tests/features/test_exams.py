"""Exams as people meet them: uploaded, listed, told apart by who may see what, grouped and taken apart again."""

from __future__ import annotations

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from pydicom.sequence import Sequence

from builders import dicom_bytes, png_bytes
from mammogram_viewer.synthetic.attributes import Code, code_item
from mammogram_viewer.synthetic.tomosynthesis import SyntheticTomosynthesis, build_tomosynthesis
from product import Product
from viewer_client import saved

SLOTS = ["R CC", "L CC", "R MLO", "L MLO"]
seeds = itertools.count(1000)


def view(exam: int, slot: str, **wanted: Any) -> bytes:
    """A small mammogram of an exam: files with one seed share their study."""
    side, position = slot.split()
    return dicom_bytes(seed=exam, rows=64, columns=48, laterality=side, view=position, **wanted)


def upload(product: Product, *bodies: bytes, who: str = "user") -> int:
    """The id of the study that they are filed under."""
    ids = [product.upload_one(body, who=who)["id"] for body in bodies]
    studies = {product.wait_for(image_id)["study"]["id"] for image_id in ids}
    assert len(studies) == 1
    return studies.pop()


def study(product: Product, study_id: int, who: str = "admin") -> dict[str, Any]:
    answer = product.client(who).get(f"/api/studies/{study_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def listed(product: Product, who: str = "admin", **query: Any) -> dict[int, dict[str, Any]]:
    answer = product.client(who).get("/api/studies", params={"limit": 100, **query})
    assert answer.status_code == 200, answer.text
    return {one["id"]: one for one in answer.json()["studies"]}


def act(product: Product, study_id: int, name: str, *study_ids: int, who: str = "technologist") -> httpx.Response:
    return product.client(who).post(f"/api/studies/{study_id}/{name}", json={"studyIds": list(study_ids)})


def hung(exam: dict[str, Any]) -> dict[str, int]:
    assert [place["slot"] for place in exam["hanging"]] == SLOTS
    return {place["slot"]: place["image"]["id"] for place in exam["hanging"] if place["image"]}


def test_an_exam_tells_its_views_and_hangs_the_best_picture_of_each(product: Product):
    exam = next(seeds)
    study_id = upload(
        product,
        view(exam, "R CC"),
        view(exam, "R CC", for_processing=True),
        view(exam, "L CC"),
        view(exam, "L CC", instance_number=9),
        view(exam, "R MLO"),
        view(exam, "R MLO", view_modifiers=("spot_compression",)),
    )
    found = study(product, study_id)
    assert found["views"] == {
        "present": ["R CC", "L CC", "R MLO"],
        "missing": ["L MLO"],
        "repeated": ["L CC"],
        "extra": ["R MLO spot_compression"],
    }
    images = {image["id"]: image for image in found["images"]}
    places = hung(found)
    assert images[places["R CC"]]["presentationIntentType"] == "FOR PRESENTATION"
    assert list(places) == ["R CC", "L CC", "R MLO"]
    assert (found["imageCount"], found["statusCounts"]["ready"], found["state"]) == (6, 6, "ready")
    assert found["modalities"] == ["MG"]
    assert found["hanging"][0]["image"]["links"]["thumbnail256"].startswith("/api/images/")
    assert {**listed(product)[study_id], "images": found["images"], "members": found["members"]} == found


def test_slices_and_specimens_take_no_place_from_a_picture(product: Product):
    exam = next(seeds)
    slices = saved(build_tomosynthesis(SyntheticTomosynthesis(seed=exam, rows=64, columns=48, frames=3)))
    specimen = {"ViewCodeSequence": Sequence([code_item(Code("127457009", "SCT", "s"))])}
    study_id = upload(
        product,
        view(exam, "R CC"),
        slices,
        view(exam, "L MLO", instance_number=12, changes=tuple(specimen.items())),
    )
    found = study(product, study_id)
    frames = {image["id"]: image["numberOfFrames"] for image in found["images"]}
    assert (len(frames), list(hung(found))) == (3, ["R CC"])
    assert frames[hung(found)["R CC"]] == 1


def test_correcting_a_side_moves_the_picture_to_its_place(product: Product):
    exam = next(seeds)
    study_id = upload(product, view(exam, "R CC"), view(exam, "R CC", instance_number=2))
    assert study(product, study_id)["views"]["repeated"] == ["R CC"]
    second = max(image["id"] for image in study(product, study_id)["images"])
    answer = product.client("technologist").patch(f"/api/images/{second}", json={"laterality": "L"})
    assert answer.status_code == 200, answer.text
    found = study(product, study_id)
    assert (found["views"]["present"], found["views"]["repeated"]) == (["R CC", "L CC"], [])
    assert hung(found)["L CC"] == second


def test_deleted_images_are_gone_from_their_exam_and_come_back_to_its_place(product: Product):
    exam = next(seeds)
    study_id = upload(product, view(exam, "R CC"), view(exam, "L CC"))
    upload(product, view(next(seeds), "R CC"))
    before = list(listed(product))
    image_ids = [image["id"] for image in study(product, study_id)["images"]]
    answer = product.client("admin").post("/api/images/delete", json={"imageIds": image_ids[:1]})
    assert answer.json()["deleted"] == image_ids[:1], answer.text
    assert study(product, study_id)["imageCount"] == 1
    product.client("admin").post("/api/images/delete", json={"imageIds": image_ids[1:]})
    assert study_id not in listed(product)
    assert product.client("admin").get(f"/api/studies/{study_id}").status_code == 404
    restored = product.client("admin").post("/api/images/restore", json={"imageIds": image_ids})
    assert restored.json()["restored"] == image_ids, restored.text
    assert list(listed(product)) == before
    assert study(product, study_id)["imageCount"] == 2


def test_a_plain_user_learns_nothing_of_others_images_in_the_same_exam(product: Product):
    exam = next(seeds)
    others = view(exam, "R CC", patient_id="SECRET-1", patient_name="SECRET^CANARY")
    study_id = upload(product, others, who="other")
    assert study_id not in listed(product, "user")
    assert product.client("user").get(f"/api/studies/{study_id}").status_code == 404
    own = upload(product, view(exam, "L CC", patient_id="OWN-1", patient_name="OWN^NAME"), who="user")
    assert own == study_id
    for found in (study(product, study_id, "user"), listed(product, "user")[study_id]):
        assert (found["imageCount"], found["views"]["present"]) == (1, ["L CC"])
        assert (found["patientId"], found["patientName"]) == ("OWN-1", "OWN^NAME")
        assert [one["name"] for one in found["uploaders"]] == ["User Example"]
        assert list(hung(found)) == ["L CC"]
        assert "SECRET" not in json.dumps(found)
    everything = study(product, study_id, "radiologist")
    assert (everything["imageCount"], everything["views"]["present"]) == (2, ["R CC", "L CC"])
    # When it came for others is not theirs to know either.
    assert study(product, study_id, "user")["createdAt"] > everything["createdAt"]
    assert not listed(product, "user", q="SECRET")
    counts = product.client("user").get("/api/studies/counts", params={"laterality": "R", "q": "OWN"}).json()
    assert (counts["total"]["count"], counts["laterality"]) == (0, {"L": {"count": 1, "capped": False}})


def test_halves_of_one_exam_are_suggested_grouped_and_taken_apart(product: Product):
    patient = {"patient_id": f"P-{next(seeds)}"}
    first, second = next(seeds), next(seeds)
    right = upload(product, view(first, "R CC", **patient), view(first, "R MLO", **patient))
    left = upload(product, view(second, "L CC", **patient), view(second, "L MLO", **patient), who="technologist")
    before = listed(product, "technologist")
    assert before[right]["suggestion"]["studyIds"] == [left]
    assert "all four views" in before[right]["suggestion"]["reason"]
    assert listed(product, "radiologist")[right]["suggestion"] is None, "who may not group is not asked to"

    answer = act(product, right, "group", left)
    assert answer.status_code == 200, answer.text
    assert answer.json()["changed"] == [left]
    assert answer.json()["study"]["views"]["missing"] == []
    grouped = listed(product, "technologist")
    assert left not in grouped
    assert (grouped[right]["memberCount"], grouped[right]["imageCount"], grouped[right]["suggestion"]) == (2, 4, None)
    assert [member["id"] for member in study(product, right)["members"]] == [right, left]
    assert study(product, left)["id"] == right, "the old address leads to the exam"
    assert act(product, right, "group", left).json()["changed"] == [], "repeating it changes nothing"
    # Whose own image lies in the second study alone still sees that one alone.
    assert study(product, right, "user")["imageCount"] == 2
    assert study(product, right, "user")["memberCount"] == 1

    assert act(product, right, "ungroup", left).json()["changed"] == [left]
    assert listed(product, "technologist") == before, "each is back as it was, in its place"
    assert act(product, right, "dismiss-suggestion", left).json() == {"changed": 1}
    assert listed(product, "technologist")[right]["suggestion"] is None
    assert listed(product, "technologist")[left]["suggestion"] is None
    again = {"studyIds": [left], "again": True}
    assert product.client("admin").post(f"/api/studies/{right}/dismiss-suggestion", json=again).status_code == 200
    assert listed(product, "technologist")[right]["suggestion"]["studyIds"] == [left]


async def test_grouping_is_in_the_audit_log_and_images_filed_later_join_the_group(product: Product):
    patient = {"patient_id": f"P-{next(seeds)}"}
    first, second = next(seeds), next(seeds)
    head = upload(product, view(first, "R CC", **patient))
    member = upload(product, view(second, "L CC", **patient))
    assert act(product, head, "group", member).status_code == 200
    assert upload(product, view(second, "L MLO", **patient)) == member
    assert study(product, head)["views"]["present"] == ["R CC", "L CC", "L MLO"]
    for query in ({"useCursor": "true"}, {"page": 1}):
        images = product.client("admin").get("/api/images", params={**query, "studyId": head}).json()["images"]
        assert sorted(image["studyId"] for image in images) == [head, member, member]
    assert act(product, head, "ungroup", member).status_code == 200
    rows = await product.fetch(
        """SELECT l.act, l.detail, u.role FROM audit_log l JOIN users u ON u.id = l.actor_user_id
           WHERE l.resource_type = 'study' AND l.resource_id = $1 ORDER BY l.id""",
        head,
    )
    acts = [(row["act"], json.loads(row["detail"]), row["role"]) for row in rows]
    named = {"studyIds": [member]}
    assert acts == [
        ("studies_grouped", named, "technologist"),
        ("studies_ungrouped", named, "technologist"),
    ]


def test_a_patient_id_that_names_side_and_view_is_one_patient(product: Product):
    """As in CBIS-DDSM, where each film is a study and a patient of its own."""
    exam = next(seeds)
    films = {slot: f"P_{exam}_{slot}" for slot in ("LEFT_CC", "LEFT_MLO", "RIGHT_CC")}
    head, *members = (upload(product, view(next(seeds), "L CC", patient_id=name)) for name in films.values())
    assert act(product, head, "group", *members).json()["changed"] == members


def test_exams_that_cannot_be_one_are_refused_with_the_reason(product: Product):
    one, two = (f"P-{next(seeds)}" for _ in range(2))
    head = upload(product, view(next(seeds), "R CC", patient_id=one))
    member = upload(product, view(next(seeds), "L CC", patient_id=one))
    third = upload(product, view(next(seeds), "L MLO", patient_id=one))
    foreign = upload(product, view(next(seeds), "L CC", patient_id=two))

    def refused(study_id: int, *ids: int, name: str = "group") -> tuple[int, str]:
        answer = act(product, study_id, name, *ids)
        return answer.status_code, answer.json()["code"]

    before = listed(product)
    assert refused(head, foreign) == (409, "different_patients")
    assert refused(head, head) == (409, "same_exam")
    assert refused(head, 999_999) == (404, "not_found")
    assert refused(999_999, head) == (404, "not_found")
    assert refused(head, 2**63)[0] in (400, 422)
    assert refused(2**63, head)[0] in (404, 422)
    assert product.client("admin").get(f"/api/studies/{2**63}").status_code in (404, 422)
    assert listed(product) == before, "nothing was done by halves"
    assert act(product, head, "group", member).status_code == 200
    assert refused(member, third) == (409, "is_member")
    assert refused(third, member) == (409, "already_grouped")
    assert refused(third, head) == (409, "has_members")
    assert refused(third, member, name="ungroup") == (409, "already_grouped")
    assert refused(head, head, name="ungroup") == (409, "same_exam")
    empty = product.client("admin").post(f"/api/studies/{head}/group", json={"studyIds": []})
    assert empty.status_code in (400, 422)


def test_grouping_crosswise_at_once_makes_no_circle(product: Product):
    patient = {"patient_id": f"P-{next(seeds)}"}
    one = upload(product, view(next(seeds), "R CC", **patient))
    two = upload(product, view(next(seeds), "L CC", **patient))
    clients = [product.client("admin"), product.client("technologist")]
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(
                lambda client, head, member: client.post(f"/api/studies/{head}/group", json={"studyIds": [member]}),
                clients,
                (one, two),
                (two, one),
            )
        )
    assert sorted(answer.status_code for answer in answers) == [200, 409], [answer.text for answer in answers]
    (head,) = {one, two} & set(listed(product))
    assert study(product, head)["imageCount"] == 2
    assert study(product, one)["id"] == study(product, two)["id"] == head


def test_a_grouped_exam_lives_on_while_any_of_its_studies_has_an_image(product: Product):
    patient = {"patient_id": f"P-{next(seeds)}"}
    head = upload(product, view(next(seeds), "R CC", **patient))
    member = upload(product, view(next(seeds), "L CC", **patient))
    assert act(product, head, "group", member).status_code == 200
    own = [image["id"] for image in study(product, head)["images"] if image["studyId"] == head]
    assert product.client("admin").post("/api/images/delete", json={"imageIds": own}).status_code == 200
    found = study(product, head)
    assert (found["imageCount"], found["patientId"]) == (1, patient["patient_id"])
    assert [one["id"] for one in found["members"]] == [member]


def test_an_exam_without_mammographic_views_shows_its_first_four_pictures(product: Product):
    exam = next(seeds)
    changes = (("Modality", "OT"), ("ImageLaterality", None), ("ViewPosition", None), ("ViewCodeSequence", None))
    bodies = [dicom_bytes(seed=exam, rows=64, columns=48, instance_number=n, changes=changes) for n in range(1, 6)]
    study_id = upload(product, *bodies)
    found = study(product, study_id)
    assert found["views"] == {"present": [], "missing": [], "repeated": [], "extra": []}
    assert hung(found) == {}
    assert [image["id"] for image in found["others"]] == sorted(image["id"] for image in found["images"])[:4]


def test_plain_pictures_are_no_exam(product: Product):
    before = set(listed(product))
    image_id = product.upload_one(png_bytes(seed=next(seeds)), "photo.png")["id"]
    product.wait_for(image_id)
    assert set(listed(product)) == before


def test_filters_find_exams_by_what_their_images_have(product: Product):
    exam, patient = next(seeds), f"Filter%_{next(seeds)}"
    study_id = upload(product, view(exam, "R CC", patient_id=patient, patient_name="Zoë^O'Neill"))
    found = study(product, study_id)
    uploader, day = found["uploaders"][0]["id"], date.fromisoformat(found["studyAt"][:10])
    next_day = str(day + timedelta(days=1))
    finding: list[dict[str, Any]] = [
        {"laterality": "R"},
        {"view": "CC"},
        {"laterality": "R", "view": "CC"},
        {"modality": "MG"},
        {"status": "ready"},
        {"userId": uploader},
        {"q": patient.lower()[:8]},
        {"q": "zoë^o'"},
        {"studyFrom": str(day), "studyTo": next_day},
        {"from": "2020-01-01"},
    ]
    missing: list[dict[str, Any]] = [
        {"laterality": "L"},
        {"view": "MLO"},
        {"laterality": "R", "view": "MLO"},
        {"modality": "US"},
        {"status": "failed"},
        {"userId": 999_999},
        {"q": patient.replace("%", "x")},
        {"q": "no such patient"},
        {"studyFrom": next_day},
        {"studyTo": str(day)},
        {"to": "2020-01-01"},
    ]
    mine = {"q": patient}
    for query in finding:
        assert study_id in listed(product, **query), query
        counts = product.client("admin").get("/api/studies/counts", params={**mine, **query}).json()
        assert counts["total"] == {"count": 1, "capped": False}, query
    for query in missing:
        assert study_id not in listed(product, **query), query
    named = product.upload_one(view(exam, "L CC"), name="A rare FILE-name.dcm")
    product.wait_for(named["id"])
    assert list(listed(product, q="file-NAME")) == [study_id]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"limit": "0"}, 422, "invalid_limit"),
        ({"limit": "-1"}, 422, "invalid_limit"),
        ({"limit": "1000000000"}, 422, "invalid_limit"),
        ({"cursor": "x"}, 400, "invalid_cursor"),
        ({"cursor": "2024-01-15T10:30:00.123456Z_-1"}, 400, "invalid_cursor"),
        ({"cursor": "2024-01-15T10:30:00.123456Z_99999999999999999999"}, 400, "invalid_cursor"),
        ({"cursor": "2024-01-15T10:30:00.123456Z_job-1"}, 400, "invalid_cursor"),
        ({"direction": "up"}, 422, "invalid_direction"),
        ({"from": "2025-01-02", "to": "2025-01-01"}, 422, "invalid_filter"),
        ({"studyFrom": "2025-01-02", "studyTo": "2025-01-01"}, 422, "invalid_filter"),
        ({"studyFrom": "yesterday"}, 422, "invalid_filter"),
        ({"studyFrom": "2024-02-30"}, 422, "invalid_filter"),
        ({"laterality": "X"}, 422, "invalid_filter"),
        ({"view": "CC'--"}, 422, "invalid_filter"),
        ({"modality": "M\0G"}, 422, "invalid_filter"),
        ({"q": "a\0b"}, 422, "invalid_filter"),
        ({"q": "x" * 201}, 422, "invalid_filter"),
        ({"userId": "-1"}, 422, "invalid_filter"),
        ({"userId": str(2**63)}, 422, "invalid_filter"),
        ({"status": "lost"}, None, None),
        ({"userId": "one"}, None, None),
    ],
)
def test_bad_parameters_are_refused_with_a_code(product: Product, query: dict[str, str], status: int, code: str):
    for path in ("/api/studies", "/api/studies/counts"):
        if path.endswith("counts") and {"limit", "cursor", "direction"} & query.keys():
            continue
        answer = product.client("admin").get(path, params=query)
        assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
        if code is None:
            assert answer.status_code in (400, 422)
        else:
            assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


@pytest.mark.parametrize("text", ["%", "_", "\\", "'; DROP TABLE studies; --", "\u202eevil", "{}", "{0}", "a" * 200])
def test_a_search_for_strange_text_finds_nothing_and_breaks_nothing(product: Product, text: str):
    assert listed(product, q=text) == {}


def test_a_cursor_of_a_list_of_images_shows_exams_beyond_that_place_and_no_more(product: Product):
    upload(product, view(next(seeds), "R CC"))
    images = product.client("admin").get("/api/images", params={"useCursor": "true", "limit": 1}).json()
    cursor = images["nextCursor"]
    assert cursor is not None
    answer = product.client("admin").get("/api/studies", params={"cursor": cursor})
    assert answer.status_code == 200
    at = cursor.split("_")[0]
    assert all(one["createdAt"] <= at for one in answer.json()["studies"])


def test_only_administrators_and_radiologists_filter_by_another_user(product: Product):
    for who, status in (("admin", 200), ("radiologist", 200), ("technologist", 403), ("user", 403)):
        for path in ("/api/studies", "/api/studies/counts"):
            assert product.client(who).get(path, params={"userId": 1}).status_code == status, (who, path)


def test_counts_say_how_many_another_choice_would_find(product: Product):
    exam, patient = next(seeds), f"Count-{next(seeds)}"
    upload(product, view(exam, "R CC", patient_id=patient))
    upload(product, view(next(seeds), "L MLO", patient_id=patient))
    counts = product.client("admin").get("/api/studies/counts", params={"q": patient, "laterality": "R"}).json()
    one = {"count": 1, "capped": False}
    assert counts["total"] == one
    assert counts["laterality"] == {"L": one, "R": one}
    assert counts["view"] == {"CC": one}
    assert counts["status"] == {"ready": one}


def test_the_exams_before_and_after_one_are_those_of_the_list_that_the_caller_sees(product: Product):
    upload(product, view(next(seeds), "R CC"))
    upload(product, view(next(seeds), "L MLO"), who="other")
    upload(product, view(next(seeds), "R MLO"))
    for who, query in (("admin", {}), ("user", {}), ("admin", {"laterality": "R", "view": "MLO"})):
        order = list(listed(product, who, **query))
        for at, study_id in enumerate(order):
            answer = product.client(who).get(f"/api/studies/{study_id}/neighbours", params=query)
            assert answer.json() == {
                "previous": order[at - 1] if at else None,
                "next": order[at + 1] if at + 1 < len(order) else None,
            }
    foreign = next(iter(listed(product, "other")))
    assert product.client("user").get(f"/api/studies/{foreign}/neighbours").status_code == 404
    nonsense = product.client("admin").get(f"/api/studies/{foreign}/neighbours", params={"laterality": "X"})
    assert (nonsense.status_code, nonsense.json()["code"]) == (422, "invalid_filter")
