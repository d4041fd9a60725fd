"""Side, view, view modifiers, implant and partial view (PS3.3 C.8.11.7), coded as PS3.16 CID 4014, 4015 and 244."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from mammogram_viewer.synthetic.attributes import Code, code_item
from mammogram_viewer.synthetic.wanted import SyntheticMammogram

BREAST = Code("76752008", "SCT", "Breast")
SIDE_CODES = {"R": Code("24028007", "SCT", "Right"), "L": Code("7771000", "SCT", "Left")}
VIEW_CODES = {
    "CC": Code("399162004", "SCT", "cranio-caudal"),
    "MLO": Code("399368009", "SCT", "medio-lateral oblique"),
    "ML": Code("399260004", "SCT", "medial-lateral"),
    "LM": Code("399352003", "SCT", "latero-medial"),
    "LMO": Code("399099002", "SCT", "latero-medial oblique"),
    "XCCL": Code("399192008", "SCT", "cranio-caudal exaggerated laterally"),
    "XCCM": Code("399101009", "SCT", "cranio-caudal exaggerated medially"),
}
MODIFIER_CODES = {
    "anterior_compression": Code("441752004", "SCT", "Anterior compression"),
    "axillary_tail": Code("399011000", "SCT", "Axillary Tail"),
    "axillary_tissue": Code("442580003", "SCT", "Axillary tissue"),
    "cleavage": Code("399161006", "SCT", "Cleavage"),
    "implant_displaced": Code("399209000", "SCT", "Implant Displaced"),
    "infra_mammary_fold": Code("442593008", "SCT", "Infra-mammary fold"),
    "magnification": Code("399163009", "SCT", "Magnification"),
    "nipple_in_profile": Code("442581004", "SCT", "Nipple in profile"),
    "rolled_inferior": Code("414493004", "SCT", "Rolled Inferior"),
    "rolled_lateral": Code("399197002", "SCT", "Rolled Lateral"),
    "rolled_medial": Code("399226006", "SCT", "Rolled Medial"),
    "rolled_superior": Code("415670009", "SCT", "Rolled Superior"),
    "spot_compression": Code("399055006", "SCT", "Spot Compression"),
    "tangential": Code("399110001", "SCT", "tangential"),
}
# Shown enlarged.
ENLARGING = {"magnification": 1.5, "spot_compression": 1.25}


def zoom(wanted: SyntheticMammogram) -> float:
    """How much of the breast fills the image: 1 all of it, 2 half of its height."""
    factor = 2.0 if wanted.partial_view else 1.0
    for name in wanted.view_modifiers:
        factor *= ENLARGING.get(name, 1)
    return factor


def orientation(laterality: str, view: str) -> list[str]:
    """Patient Orientation (0020,0020) with the chest wall of a right breast at the right."""
    first = "P" if laterality == "R" else "A"
    if view in ("CC", "XCCL", "XCCM"):
        return [first, "L" if laterality == "R" else "R"]
    if view in ("MLO", "LMO"):
        return [first, "FL" if laterality == "R" else "FR"]
    return [first, "F"]


def view_item(view: str, view_modifiers: tuple[str, ...]) -> Dataset:
    """An item of View Code Sequence (0054,0220); without modifiers their sequence is empty (type 2)."""
    item = code_item(VIEW_CODES[view])
    item.ViewModifierCodeSequence = Sequence([code_item(MODIFIER_CODES[name]) for name in view_modifiers])
    return item


def add_anatomy(ds: Dataset, wanted: SyntheticMammogram) -> None:
    ds.ImageLaterality = wanted.laterality
    ds.BodyPartExamined = "BREAST"
    ds.ViewPosition = wanted.view
    ds.PatientOrientation = orientation(wanted.laterality, wanted.view)
    if not wanted.is_digital_mammography:
        return
    ds.OrganExposed = "BREAST"
    ds.AnatomicRegionSequence = Sequence([code_item(BREAST)])
    ds.ViewCodeSequence = Sequence([view_item(wanted.view, wanted.view_modifiers)])
    ds.BreastImplantPresent = "YES" if wanted.implant else "NO"
    ds.PartialView = "YES" if wanted.partial_view else "NO"
    if wanted.partial_view:
        ds.PartialViewDescription = "The middle of the breast"
