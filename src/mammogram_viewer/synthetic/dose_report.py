"""Synthetic X-Ray Radiation Dose SR of a mammography exam (PS3.3 A.35.8; PS3.16 TID 10001, 10002, 10003, 10005).

One irradiation event for each view of `SCREENING_VIEWS`, with the dose that the images of the same seed tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from mammogram_viewer.dicom.syntaxes import EXPLICIT_LITTLE_ENDIAN
from mammogram_viewer.synthetic.anatomy import BREAST, SIDE_CODES, VIEW_CODES
from mammogram_viewer.synthetic.attributes import (
    Code,
    add_equipment,
    add_patient_and_study,
    code_item,
    made_at,
    new_file,
    set_moments,
    uid,
)
from mammogram_viewer.synthetic.technique import add_technique
from mammogram_viewer.synthetic.wanted import SyntheticMammogram

SOP_CLASS_DOSE_REPORT = "1.2.840.10008.5.1.4.1.1.88.67"
_VIEWS = (("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO"))
_MAMMOGRAPHY = Code("71651007", "SCT", "Mammography")
_YES = Code("373066001", "SCT", "Yes")
_SINGLE_PLANE = Code("113622", "DCM", "Single Plane")
# CID 6022.
_BREAST_SIDES = {"R": Code("73056007", "SCT", "Right breast"), "L": Code("80248007", "SCT", "Left breast")}


@dataclass(frozen=True, kw_only=True)
class SyntheticDoseReport:
    """The report on exam `seed`."""

    seed: int = 0


def write_dose_report(path: str | Path, wanted: SyntheticDoseReport) -> Path:
    """Write the report at `path`, replacing what is there."""
    path = Path(path)
    build_dose_report(wanted).save_as(path, enforce_file_format=True)
    return path


def build_dose_report(wanted: SyntheticDoseReport) -> FileDataset:
    """The whole data set with its file meta group; it has no pixels."""
    seed = wanted.seed
    at = made_at(seed, len(_VIEWS) + 1)
    ds = new_file(SOP_CLASS_DOSE_REPORT, uid("dose report", seed), EXPLICIT_LITTLE_ENDIAN)
    add_patient_and_study(ds, seed, at)
    add_equipment(ds)
    set_moments(ds, at, "Content", "Series")
    ds.Modality = "SR"
    ds.SeriesInstanceUID = uid("series", seed, "dose report")
    ds.SeriesNumber, ds.InstanceNumber = 31, 1
    ds.SeriesDescription = "Radiation dose"
    ds.ReferencedPerformedProcedureStepSequence = Sequence()
    ds.PerformedProcedureCodeSequence = Sequence()
    ds.CompletionFlag, ds.VerificationFlag = "COMPLETE", "UNVERIFIED"
    root = container(Code("113701", "DCM", "X-Ray Radiation Dose Report"), _content(seed), relationship=None)
    root.ContentTemplateSequence = Sequence([_template("10001")])
    for element in root:
        ds.add(element)
    return ds


def _content(seed: int) -> list[Dataset]:
    """TID 10001: what was done, by which device, over which scope, accumulated dose for each side, events."""
    procedure = coded(Code("121058", "DCM", "Procedure reported"), _MAMMOGRAPHY)
    procedure.RelationshipType = "HAS CONCEPT MOD"
    intent = coded(Code("363703001", "SCT", "Has Intent"), Code("360156006", "SCT", "Screening Intent"))
    procedure.ContentSequence = Sequence([_related(intent, "HAS CONCEPT MOD")])
    events = [_technique_of(seed, *view, number) for number, view in enumerate(_VIEWS, start=1)]
    return [
        procedure,
        *_observer(),
        _scope(seed),
        coded(Code("113945", "DCM", "X-Ray Detector Data Available"), _YES),
        coded(Code("113943", "DCM", "X-Ray Source Data Available"), _YES),
        coded(Code("113944", "DCM", "X-Ray Mechanical Data Available"), _YES),
        _accumulated(events),
        *(_event(ds, made_at(seed, number)) for number, ds in enumerate(events, start=1)),
        coded(Code("113854", "DCM", "Source of Dose Information"), Code("113856", "DCM", "Automated Data Collection")),
    ]


def _technique_of(seed: int, laterality: str, view: str, number: int) -> Dataset:
    """The technique that the image of this view tells."""
    ds = Dataset()
    wanted = SyntheticMammogram(seed=seed, laterality=laterality, view=view, instance_number=number)
    add_technique(ds, wanted)
    ds.ImageLaterality, ds.ViewPosition = laterality, view
    return ds


def _observer() -> list[Dataset]:
    """TID 1004: the device that saw it."""
    device = coded(Code("121005", "DCM", "Observer Type"), Code("121007", "DCM", "Device"))
    identity = uid_item(Code("121012", "DCM", "Device Observer UID"), uid("device"))
    name = text(Code("121013", "DCM", "Device Observer Name"), "SYNTH1")
    role = coded(Code("113876", "DCM", "Device Role in Procedure"), Code("113859", "DCM", "Irradiating Device"))
    return [_related(item, "HAS OBS CONTEXT") for item in (device, identity, name, role)]


def _scope(seed: int) -> Dataset:
    scope = coded(Code("113705", "DCM", "Scope of Accumulation"), Code("113014", "DCM", "Study"))
    study = uid_item(Code("110180", "DCM", "Study Instance UID"), uid("study", seed))
    scope.ContentSequence = Sequence([_related(study, "HAS PROPERTIES")])
    return _related(scope, "HAS OBS CONTEXT")


def _accumulated(events: Iterable[Dataset]) -> Dataset:
    """TID 10002 with TID 10005: the sum of the average glandular doses of each breast, in dGy."""
    sums = {"R": 0.0, "L": 0.0}
    for event in events:
        sums[event.ImageLaterality] += float(event.OrganDose)
    doses = []
    for side, dose_dgy in sums.items():
        dose = number(Code("111637", "DCM", "Accumulated Average Glandular Dose"), dose_dgy, "dGy")
        laterality = coded(Code("272741003", "SCT", "Laterality"), _BREAST_SIDES[side])
        dose.ContentSequence = Sequence([_related(laterality, "HAS CONCEPT MOD")])
        doses.append(dose)
    plane = coded(Code("113764", "DCM", "Acquisition Plane"), _SINGLE_PLANE)
    accumulated = container(
        Code("113702", "DCM", "Accumulated X-Ray Dose Data"), [_related(plane, "HAS CONCEPT MOD"), *doses]
    )
    accumulated.ContentTemplateSequence = Sequence([_template("10002")])
    return accumulated


def _event(ds: Dataset, at: datetime) -> Dataset:
    """TID 10003: one exposure, with its source and its compression."""
    image_view = coded(Code("111031", "DCM", "Image View"), VIEW_CODES[ds.ViewPosition])
    target = coded(Code("123014", "DCM", "Target Region"), BREAST)
    target.ContentSequence = Sequence(
        [_related(coded(Code("272741003", "SCT", "Laterality"), SIDE_CODES[ds.ImageLaterality]), "HAS CONCEPT MOD")]
    )
    plane = coded(Code("113764", "DCM", "Acquisition Plane"), _SINGLE_PLANE)
    items = [
        _related(plane, "HAS CONCEPT MOD"),
        uid_item(Code("113769", "DCM", "Irradiation Event UID"), UID(ds.IrradiationEventUID)),
        date_time(Code("111526", "DCM", "DateTime Started"), at),
        coded(Code("113721", "DCM", "Irradiation Event Type"), Code("113611", "DCM", "Stationary Acquisition")),
        target,
        image_view,
        number(Code("111631", "DCM", "Average Glandular Dose"), ds.OrganDose, "dGy"),
        number(Code("111636", "DCM", "Entrance Exposure at RP"), ds.EntranceDoseInmGy, "mGy"),
        coded(Code("111632", "DCM", "Anode Target Material"), Code("26194003", "SCT", "Tungsten")),
        number(Code("113733", "DCM", "KVP"), ds.KVP, "kV"),
        number(Code("113736", "DCM", "Exposure"), ds.ExposureInuAs, "uA.s"),
        number(Code("113824", "DCM", "Exposure Time"), ds.ExposureTime, "ms"),
        number(Code("111634", "DCM", "Half Value Layer"), ds.HalfValueLayer, "mm"),
        number(Code("111633", "DCM", "Compression Thickness"), ds.BodyPartThickness, "mm"),
        number(Code("111647", "DCM", "Compression Force"), ds.CompressionForce, "N"),
    ]
    event = container(Code("113706", "DCM", "Irradiation Event X-Ray Data"), items)
    event.ContentTemplateSequence = Sequence([_template("10003")])
    return event


def _template(identifier: str) -> Dataset:
    item = Dataset()
    item.MappingResource, item.TemplateIdentifier = "DCMR", identifier
    return item


def _content_item(value_type: str, concept: Code) -> Dataset:
    item = Dataset()
    item.ValueType, item.RelationshipType = value_type, "CONTAINS"
    item.ConceptNameCodeSequence = Sequence([code_item(concept)])
    return item


def _related(item: Dataset, relationship: str) -> Dataset:
    item.RelationshipType = relationship
    return item


def container(concept: Code, items: list[Dataset], *, relationship: str | None = "CONTAINS") -> Dataset:
    """A CONTAINER content item; the root has no relationship."""
    item = _content_item("CONTAINER", concept)
    item.ContinuityOfContent = "SEPARATE"
    item.ContentSequence = Sequence(items)
    if relationship is None:
        del item.RelationshipType
    return item


def coded(concept: Code, value: Code) -> Dataset:
    item = _content_item("CODE", concept)
    item.ConceptCodeSequence = Sequence([code_item(value)])
    return item


def text(concept: Code, value: str) -> Dataset:
    item = _content_item("TEXT", concept)
    item.TextValue = value
    return item


def uid_item(concept: Code, value: UID) -> Dataset:
    item = _content_item("UIDREF", concept)
    item.UID = value
    return item


def date_time(concept: Code, at: datetime) -> Dataset:
    item = _content_item("DATETIME", concept)
    item.DateTime = at.strftime("%Y%m%d%H%M%S")
    return item


def number(concept: Code, value: object, unit: str) -> Dataset:
    """A NUM content item, its value as DS says it."""
    item = _content_item("NUM", concept)
    measured = Dataset()
    measured.NumericValue = f"{float(str(value)):.6g}"
    measured.MeasurementUnitsCodeSequence = Sequence([code_item(Code(unit, "UCUM", unit))])
    item.MeasuredValueSequence = Sequence([measured])
    return item
