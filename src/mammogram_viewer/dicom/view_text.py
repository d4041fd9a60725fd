"""Side, view and modifiers out of labels ("RCCID", "LSMLO") and free text ("Right spot mag CC").

Labels follow ACR's MQCM 1999 as CID 4014 and 4015 quote it: side, prefix S (spot) or M (magnification), view, suffix
(ID for implant displaced, RL for rolled lateral ...). Units also put S and M behind the view, or the side. What can
be read in two ways, or names two sides or views, is not read at all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product

VIEWS = frozenset({"CC", "MLO", "ML", "LM", "LMO", "FB", "SIO", "ISO", "XCC", "XCCL", "XCCM", "AT", "CV"})
# AT and CV replace the label of their view (CID 4015) and take no side: LAT is an ordinary word.
_JOINED_VIEWS = ("CC", "MLO", "ML", "LM", "LMO", "FB", "SIO", "ISO", "XCC", "XCCL", "XCCM")
# In free text only the views that are no ordinary word or unit ("ML", "AT", "FB", "ISO" are).
_TEXT_VIEWS = frozenset({"CC", "MLO", "LMO", "XCC", "XCCL", "XCCM", "SIO"})
_VIEWS_BESIDE_A_SIDE = _TEXT_VIEWS | {"ML", "LM"}
_S, _M = "spot_compression", "magnification"
_PREFIXES = {"": (), "S": (_S,), "M": (_M,), "SM": (_S, _M), "MS": (_S, _M)}
_SUFFIXES = {
    "": (), "ID": ("implant_displaced",), "S": (_S,), "M": (_M,), "SM": (_S, _M), "MS": (_S, _M), "SPOT": (_S,),
    "MAG": (_M,), "SPOTMAG": (_S, _M), "RL": ("rolled_lateral",), "RM": ("rolled_medial",),
    "RI": ("rolled_inferior",), "RS": ("rolled_superior",), "TAN": ("tangential",), "NP": ("nipple_in_profile",),
    "AC": ("anterior_compression",), "IMF": ("infra_mammary_fold",), "AX": ("axillary_tissue",),
}  # fmt: skip
_SIDE_WORDS = {
    "RIGHT": "R", "LEFT": "L", "BOTH": "B", "BILATERAL": "B", "RECHTS": "R", "LINKS": "L", "DROIT": "R",
    "DROITE": "R", "GAUCHE": "L", "DERECHA": "R", "IZQUIERDA": "L", "DESTRA": "R", "SINISTRA": "L",
}  # fmt: skip
_CRANIO_CAUDAL = r"(?:CRANIO ?CAUDAL(?:E|IS)?|CC)"
_VIEW_PHRASES = (
    (r"SUPERO ?LATERAL TO INFERO ?MEDIAL(?: OBLIQUE)?", "SIO"),
    (r"INFERO ?MEDIAL TO SUPERO ?LATERAL(?: OBLIQUE)?", "ISO"),
    (rf"(?:LATERAL(?:LY)? EXAGGERATED {_CRANIO_CAUDAL}|"
     rf"(?:EXAGGERATED {_CRANIO_CAUDAL}|{_CRANIO_CAUDAL} EXAGGERATED) LATERAL(?:LY)?)", "XCCL"),
    (rf"(?:MEDIAL(?:LY)? EXAGGERATED {_CRANIO_CAUDAL}|"
     rf"(?:EXAGGERATED {_CRANIO_CAUDAL}|{_CRANIO_CAUDAL} EXAGGERATED) MEDIAL(?:LY)?)", "XCCM"),
    (rf"(?:EXAGGERATED {_CRANIO_CAUDAL}|{_CRANIO_CAUDAL} EXAGGERATED)", "XCC"),
    (r"MEDIO ?LATERAL OBLIQUE", "MLO"), (r"LATERO ?MEDIAL OBLIQUE", "LMO"),
    (r"MEDI(?:O|AL) ?LATERAL", "ML"), (r"LATERO ?MEDIAL", "LM"),
    (r"CAUDO ?CRANIAL", "FB"), (r"CRANIO ?CAUDAL(?:E|IS)?", "CC"),
)  # fmt: skip
_MODIFIER_PHRASES = (
    (r"IMPLANT DISPLACED|EKLUND", ("implant_displaced",)), (r"SPOT(?: COMPRESSION)?", (_S,)),
    (r"MAG|MAGNIFICATION|MAGNIFIED", (_M,)), (r"SPOTMAG", (_S, _M)), (r"AXILLARY TAIL", ("axillary_tail",)),
    (r"CLEAVAGE", ("cleavage",)), (r"TANGENTIAL", ("tangential",)),
    (r"NIPPLE IN PROFILE", ("nipple_in_profile",)), (r"ROLLED LATERAL(?:LY)?", ("rolled_lateral",)),
    (r"ROLLED MEDIAL(?:LY)?", ("rolled_medial",)),
)  # fmt: skip
# What CBIS-DDSM and collections like it put behind the patient: P_00173_LEFT_CC.
_VIEW_OF_A_PATIENT = re.compile(r"[ _.-]+(?:LEFT|RIGHT)[ _.-]+(?:CC|MLO|ML|LM|LMO|XCCL|XCCM)$", re.IGNORECASE)


@dataclass(frozen=True)
class Label:
    """`side` is R, L or B."""

    side: str | None = None
    view: str | None = None
    modifiers: tuple[str, ...] = ()


def _labels() -> dict[str, Label]:
    """Every label that has one reading."""
    readings: dict[str, set[Label]] = {}
    for side, prefix, view, suffix in product(("", "R", "L"), _PREFIXES, _JOINED_VIEWS, _SUFFIXES):
        if view == "XCC" and suffix:
            continue  # XCCM is a view of its own, not XCC with magnification
        modifiers = tuple(dict.fromkeys(_PREFIXES[prefix] + _SUFFIXES[suffix]))
        readings.setdefault(side + prefix + view + suffix, set()).add(Label(side or None, view, modifiers))
    found = {text: next(iter(labels)) for text, labels in readings.items() if len(labels) == 1}
    for view, side in product(_JOINED_VIEWS, "RL"):
        if view + side not in readings:  # the side in front is the rule: LML is the left ML
            found[view + side] = Label(side, view)
    return found | {view: Label(None, view) for view in VIEWS}


_LABELS = _labels()


def read_label(term: str) -> Label | None:
    """What a defined field such as View Position (0018,5101) holds as one label, be it written with spaces or
    dashes."""
    return _LABELS.get(re.sub(r"[^A-Z]", "", term.upper()))


def read_text(text: str) -> Label:
    """What free text names clearly: one side, one view; letters alone count only beside a view (R CC)."""
    words = " ".join(re.findall(r"[A-Z]+", text.upper()))
    words = re.sub(r"\b([RL]) (S|M|SM|MS) (?=(?:CC|MLO|LMO|ML|LM|XCCL|XCCM)\b)", r"\1\2", words)
    modifiers: list[str] = []
    for phrase, view in _VIEW_PHRASES:
        words = re.sub(rf"\b{phrase}\b", f"={view}", words)
    for phrase, names in _MODIFIER_PHRASES:
        words, count = re.subn(rf"\b(?:{phrase})\b", "", words)
        modifiers += names if count else ()
    sides: set[str] = set()
    views: set[str] = set()
    parts = words.split()
    for index, part in enumerate(parts):
        before = parts[index - 1] if index else ""
        after = parts[index + 1] if index + 1 < len(parts) else ""
        label = _text_label(part)
        if part in _SIDE_WORDS:
            sides.add(_SIDE_WORDS[part])
        elif label:
            _note(label, sides, views, modifiers)
        elif part.startswith("=") or part in _TEXT_VIEWS or (part in ("ML", "LM") and _names_side(before)):
            views.add(part.removeprefix("="))
            sides.update({one for one in (before, after) if one in ("R", "L")})
        if after == "ID" and (label or part in _TEXT_VIEWS or part.startswith("=")):
            modifiers.append("implant_displaced")
    one_side = sides.pop() if len(sides) == 1 else None
    return Label(one_side, views.pop() if len(views) == 1 else None, tuple(dict.fromkeys(modifiers)))


def patient_alone(patient_id: str) -> str:
    """A patient id without the side and view that some anonymised collections append to it, by which each image of one
    person would be another person's."""
    return _VIEW_OF_A_PATIENT.sub("", patient_id.strip()) or patient_id


def _text_label(word: str) -> Label | None:
    """A word of free text as a label; without a side only CC and MLO with a suffix (SCC and MCC are diseases)."""
    label = _LABELS.get(word) if word not in VIEWS else None
    if label is None or label.view not in _VIEWS_BESIDE_A_SIDE:
        return None
    return label if label.side or word.startswith(("CC", "MLO")) else None


def _names_side(word: str) -> bool:
    return word in ("R", "L") or word in _SIDE_WORDS


def _note(label: Label, sides: set[str], views: set[str], modifiers: list[str]) -> None:
    if label.side:
        sides.add(label.side)
    if label.view:
        views.add(label.view)
    modifiers += label.modifiers
