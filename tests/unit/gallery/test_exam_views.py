"""What an exam's tally says of its views, and which exams look like one."""

from __future__ import annotations

from datetime import UTC, datetime

from mammogram_viewer.archive.exam_models import Candidate, Exam, counts_of
from mammogram_viewer.archive.exam_views import SLOTS, Views, exposures_of, is_mammographic, repeats_of
from mammogram_viewer.archive.exam_views import views_of as views_of_counts
from mammogram_viewer.gallery.exam_views import Suggestion, suggest


def views_of(tally: dict[str, int]) -> Views:
    return views_of_counts(counts_of(tally))


def tally_of(*keys: str) -> dict[str, int]:
    return dict.fromkeys(keys, 1)


def test_a_screening_exam_has_its_four_views_and_nothing_missing():
    views = views_of(tally_of(*(f"shown {slot}" for slot in SLOTS)))
    assert (views.present, views.missing, views.repeated, views.extra) == (list(SLOTS), [], [], [])


def test_a_view_is_repeated_when_it_was_taken_twice():
    views = views_of({"shown R CC": 2, "shown L CC": 1})
    assert views.repeated == ["R CC"]
    assert views.missing == ["R MLO", "L MLO"]


def test_a_picture_for_processing_beside_its_twin_for_presentation_is_no_repeat():
    views = views_of(tally_of("shown R CC", "processing R CC"))
    assert (views.present, views.repeated, views.extra) == (["R CC"], [], [])
    assert views_of({"processing R CC": 2}).repeated == ["R CC"]


def test_repeats_are_counted_by_exposure_and_not_by_file():
    counts = counts_of({"shown R CC": 2, "processing R CC": 2, "tomosynthesis R CC": 1, "shown L MLO": 3})
    assert repeats_of(counts) == 3
    assert exposures_of(counts) == 6
    assert repeats_of(counts_of(tally_of("shown R CC", "processing R CC", "special R CC magnification"))) == 0


def test_tomosynthesis_beside_the_flat_picture_is_an_extra_and_alone_it_is_the_view():
    assert views_of(tally_of("shown L MLO", "tomosynthesis L MLO")).extra == ["L MLO tomosynthesis"]
    alone = views_of(tally_of("tomosynthesis L MLO"))
    assert (alone.present, alone.extra, alone.repeated) == (["L MLO"], [], [])


def test_a_spot_view_is_an_extra_and_neither_the_view_itself_nor_a_repeat():
    views = views_of(tally_of("shown R CC", "special R CC spot_compression", "shown R ML", "shown L ML"))
    assert views.repeated == []
    assert views.extra == ["R CC spot_compression", "R ML", "L ML"]
    only = views_of(tally_of("special R CC magnification"))
    assert (only.present, only.missing) == ([], list(SLOTS))


def test_a_side_that_is_not_there_at_all_is_said_to_be_missing_and_nothing_more():
    assert views_of(tally_of("shown L CC", "shown L MLO")).missing == ["R CC", "R MLO"]


def test_an_exam_without_mammographic_views_misses_none():
    views = views_of({"modality MR": 300, "status ready": 300})
    assert not is_mammographic(views)
    assert views.missing == []


# --- suggestions ----------------------------------------------------------------------------------------------


def exam(*keys: str) -> Exam:
    return Exam(
        id=1,
        created_at=datetime(2024, 1, 15, tzinfo=UTC),
        tally=tally_of(*keys),
        study_ids=[1],
        study_instance_uid="1.2",
        study_at=None,
        study_description=None,
        accession_number=None,
        patient_id=None,
        patient_name=None,
    )


def candidate(exam_id: int, *keys: str, same_patient: bool = True, same_days: bool = True) -> Candidate:
    return Candidate(exam_id=1, id=exam_id, tally=tally_of(*keys), same_patient=same_patient, same_days=same_days)


def suggested(one: Exam, *others: Candidate) -> Suggestion | None:
    return suggest(one, views_of(one.tally), list(others))


def test_two_halves_of_one_patient_are_suggested_as_one_exam():
    found = suggested(exam("shown R CC", "shown R MLO"), candidate(2, "shown L CC", "shown L MLO"))
    assert found is not None
    assert found.study_ids == [2]
    assert found.reason == "Of the same patient, taken at about the same time; together they have all four views."


def test_exams_that_would_repeat_a_view_are_not_suggested():
    assert suggested(exam("shown R CC", "shown R MLO"), candidate(2, "shown R CC", "shown L MLO")) is None


def test_exams_that_add_nothing_are_not_suggested():
    assert suggested(exam("shown R CC"), candidate(2, "special L CC magnification")) is None


def test_several_parts_are_suggested_as_long_as_each_adds_something():
    parts = [candidate(2, "shown L CC"), candidate(3, "shown L CC"), candidate(4, "shown L MLO")]
    found = suggested(exam("shown R CC", "shown R MLO"), *parts)
    assert found is not None
    assert found.study_ids == [2, 4]


def test_files_that_name_two_patients_are_never_suggested_together():
    one = exam("shown R CC", "patient A")
    assert suggested(one, candidate(2, "shown L CC", "patient B")) is None
    assert suggested(one, candidate(2, "shown L CC", "patient A")) is not None


def test_what_came_in_one_go_is_suggested_only_from_one_uploader_and_under_one_name():
    one = exam("shown R CC", "by 7", "name DOE^JANE")
    unknown = {"same_patient": False, "same_days": False}
    assert suggested(one, candidate(2, "shown L CC", "by 7", "name DOE^JANE", **unknown)) is not None
    assert suggested(one, candidate(2, "shown L CC", "by 8", "name DOE^JANE", **unknown)) is None
    assert suggested(one, candidate(2, "shown L CC", "by 7", "name ROE^ANN", **unknown)) is None
