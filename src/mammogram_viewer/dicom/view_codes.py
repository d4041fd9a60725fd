"""The codes of PS3.16 for views, their modifiers and sides: in SCT, and in the SRT that they replaced.

SNM3 is the older name of SRT: "many systems will continue to use the deprecated designator" (notes of CID 4014 and
4015), and some call SCT otherwise. A code of any other scheme means nothing here."""

from __future__ import annotations

from pydicom.dataset import Dataset

from mammogram_viewer.dicom import values

CODE_SCHEMES = frozenset({"SCT", "SRT", "SNM3", "99SDM", "SNOMED-CT"})
# View code sequence (0054,0220), CID 4014; the Y-X codes and R-102CF are its former ones (its notes 1 and 3).
VIEW_CODES = {
    "399162004": "CC", "R-10242": "CC",
    "399368009": "MLO", "R-10226": "MLO",
    "399260004": "ML", "R-10224": "ML",
    "399352003": "LM", "R-10228": "LM",
    "399099002": "LMO", "R-10230": "LMO",
    "399196006": "FB", "R-10244": "FB",
    "399188001": "SIO", "R-102D0": "SIO",
    "441555000": "ISO", "R-40AAA": "ISO",
    "399192008": "XCCL", "R-1024A": "XCCL", "Y-X1770": "XCCL",
    "399101009": "XCCM", "R-1024B": "XCCM", "Y-X1771": "XCCM",
    "399265009": "XCC", "R-102CF": "XCC",
}  # fmt: skip
# The one member of CID 4014 that is no view of a breast; it counts among the modifiers.
SPECIMEN_CODES = frozenset({"127457009", "G-8310"})
# View modifier code sequence (0054,0222), CID 4015.
MODIFIER_CODES = {
    "399209000": "implant_displaced", "R-102D5": "implant_displaced",
    "399055006": "spot_compression", "R-102D7": "spot_compression",
    "399163009": "magnification", "R-102D6": "magnification",
    "399110001": "tangential", "R-102C2": "tangential",
    "399161006": "cleavage", "R-102D2": "cleavage",
    "399011000": "axillary_tail", "R-102D1": "axillary_tail",
    "442580003": "axillary_tissue", "R-40AB2": "axillary_tissue",
    "399197002": "rolled_lateral", "R-102D3": "rolled_lateral",
    "399226006": "rolled_medial", "R-102D4": "rolled_medial",
    "414493004": "rolled_inferior", "R-102CA": "rolled_inferior",
    "415670009": "rolled_superior", "R-102C9": "rolled_superior",
    "441752004": "anterior_compression", "P2-00161": "anterior_compression",
    "442581004": "nipple_in_profile", "R-40AB3": "nipple_in_profile",
    "442593008": "infra_mammary_fold", "R-40ABE": "infra_mammary_fold",
}  # fmt: skip
# Laterality, CID 244 (modifiers of a region), and the breast with its side, CID 6022 (the region itself).
SIDE_CODES = {
    "24028007": "R", "G-A100": "R", "7771000": "L", "G-A101": "L", "51440002": "B", "G-A102": "B",
    "73056007": "R", "T-04020": "R", "80248007": "L", "T-04030": "L", "63762007": "B", "T-04080": "B",
}  # fmt: skip


def code_of(item: Dataset) -> str:
    """The code value of a code sequence item when its scheme is one of SNOMED's, else nothing (PS3.3 8.8)."""
    scheme = values.code_string(item, "CodingSchemeDesignator")
    return values.code_string(item, "CodeValue") if scheme in CODE_SCHEMES else ""
