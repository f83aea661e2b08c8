"""What the source letters and S numbers stand for, in the project's own words.

The letters are parts of the clinical fact sheet that the tables were made from. The
evidence words say how the sheet knew: *seen* in the source named, *leaflet* (patient
leaflet, blog or encyclopaedia), *assumed* by an engineer.
"""

import re
from typing import Final

SEEN = "seen"
LEAFLET = "leaflet"

PARTS: Final = {
    "A2": "Contraindications and hold points. Published lists differ, so the checklist is data of"
    " the site.",
    "A3": "Preparation: recent mammogram of the breast first, consent, nothing squeezed before.",
    "A4": "Order of the steps: identify, prime without bubbles, locate, cannulate without force,"
    " inject slowly and stop at the planned volume, fullness, pain or burning, resistance or"
    " reflux; then light compression and exposure.",
    "A5": "Complications and what to do. After a difficult cannulation limits are halved"
    " (assumed).",
    "B1": "Contrast media: label viscosities at 20 and 37 °C; between them a fit through both.",
    "B2": "Volumes reported per duct: 0.1 mL at the least, 0.2 to 0.6 mL as a rule, 1 to 1.5 mL"
    " at the top, 2 mL in one source.",
    "B3": "Bores of needles, syringes and lines. A line of 0.5 mm bore and 300 mm length holds"
    " 59 µL.",
    "C2": "Model of line and duct. The time constant is resistance times compliance; what is"
    " stored in the line flows on after a stop.",
    "C3": "Traces of the model in normal filling, occlusion, false passage and tear: net pressure"
    " above 2 kPa with less than 0.05 mL in means false passage.",
    "C4": "Self-tests at prime: open-tip resistance within 0.6 to 1.7 of the cannula's nominal,"
    " line near zero at rest.",
    "D": "Proposed defaults and ceilings. Most are engineering assumptions: **no published human"
    " study of intraductal injection pressure, extravasation pressure or injection rate was"
    " found.**",
}

RULES: Final = {
    "safety rules 1.2": "The pump takes a volume of 0 for *continuous*; targets are 1 µL or more.",
    "safety rules 1.7": "All motion from locating the duct to taking the cannula out counts to"
    " the duct. Priming and tip drops are bounded and need the word that the tip is out.",
    "safety rules 1.8": "A pump line that answers too slowly refuses arming.",
    "safety rules 3.2": "A pass that is too late closes the hold.",
    "safety rules 4.1": "Net pressure is judged by an upper bound that nothing suspends: the"
    " cannula as warm as the body, measured too high.",
    "safety rules 4.2": "Contrast temperature comes from a sensor or an entry; outside its range,"
    " or absent, injection is refused.",
    "safety rules 4.3": "Bounds on the pressure lost over line and cannula, and on the volume"
    " stored in them.",
    "safety rules 4.4": "A 3 mL syringe under the name of a 1 mL one delivers 3.28 times as much:"
    " the first drop and the open-tip resistance show it, both are asked for.",
    "safety rules 4.5": "With no flow the line sensor is the duct: compression starts when net"
    " pressure is settled below the pause level, and line pressure is watched under it.",
    "safety rules 5.2": "The least that a checklist asks.",
    "safety rules 5.4": "A daily check of relay, Safe mode, switches, sounder and zero, valid for"
    " hours; arming is refused without it.",
    "console facts 6.3": "Times of the hold: how long an arming, a confirmation and a press last.",
    "console facts 6.4": "The hold control must be seen open before it may be armed.",
    "design: polling plan": "How often each device is asked, and how old its answer may be while"
    " it matters.",
    "pump manual VOL": "New Era command `VOL`; see [new-era.md](../new-era.md).",
}

REFERENCES: Final[dict[str, tuple[str, str, str]]] = {
    "S1": (LEAFLET, "0.3 to 0.5 mL over a minute or more; expressible discharge on the day",
           "theradiologyblog.com/2017/07/how-to-perform-ductogram-galactogram.html"),
    "S2": (SEEN, "after extravasation stop, and come again in 7 to 14 days; bubbles imitate"
           " filling defects",
           "Slawson and Johnson, RadioGraphics 2001;21:133-150, abstract"
           " (discovery.researcher.life/article/ductography-how-to-and-what-if)"),
    "S5": (LEAFLET, "no expressible discharge on the day", "disnola.com/galactography-3"),
    "S12": (LEAFLET, "contraindications", "medic-journal.com/genitourinary-x-ray/ductography"),
    "S13": (LEAFLET, "contraindications, premedication, retracted nipple",
            "mammo.fr/galactographie"),
    "S14": (LEAFLET, "0.1 to 0.5 mL per duct; contraindications",
            "radiologie-city-plaza.de, page on milchgangdarstellung-galaktographie"),
    "S15": (LEAFLET, "contraindications", "sanomedica.com/milk-duct-imaging-galactography"),
    "S16": (LEAFLET, "nipple surgery, patient who cannot cooperate",
            "clinicaamorim.com.uy/aaa/0203galactogr/01.html"),
    "S17": (LEAFLET, "lactation", "en.myhealthtips365.com/mamografia-com-contraste"),
    "S20": (LEAFLET, "no expressible discharge on the day", "hamiltonradiology.co.nz, ductograms"),
    "S21": (LEAFLET, "retracted nipple", "radiology-info.org/galactography.html"),
    "S22": (SEEN, "ultrasound-guided way round a retracted nipple",
            "Wong, HKJR 2009;12:31 (hkjr.org/article/v12n1/ultrasound)"),
    "S23": (LEAFLET, "anticoagulants", "lifelink-medical.com, page on mammographie"),
    "S24": (SEEN, "useless in acute inflammation",
            "AJR, galactography abstract (discovery.researcher.life/article/"
            "galactography-mammary-duct-contrast-examination)"),
    "S28": (LEAFLET, "1 to 2 mL per duct", "radiopaedia.org/articles/breast-ductography-1"),
    "S32": (LEAFLET, "0.1 to 1.5 mL per duct; light compression",
            "pages.infinit.net/trh/galactographie.html"),
    "S37": (SEEN, "ordinary compression: 7.5 s deformation and 12.8 s clamping", "PMC4369109"),
    "S43": (SEEN, "label viscosities of iohexol",
            "AHFS iohexol table (download.skyscape.com, tu5.htm, k); edrugswiki omnipaque;"
            " DailyMed 3fa9bff0"),
    "S44": (SEEN, "label viscosities of iohexol", "drugs.com/uk, omnipaque leaflet"),
    "S45": (SEEN, "label viscosities of iopamidol",
            "AHFS iopamidol table (skyscape l/tu5); pillsync iopamidol"),
    "S52": (SEEN, "needle bores, tolerance 0.019 mm",
            "en.wikipedia.org, Needle gauge comparison chart"),
    "S53": (SEEN, "syringe diameters in public code tables", "pump syringe tables of public code"),
    "S56": (SEEN, "compliance of syringes, from which that of small ones is scaled (assumed)",
            "Snijder 2015, springermedizin 10.1515/bmt-2014-0148"),
    "S64": (SEEN, "order of pressures at a teat canal, bovine: 4 to 12 kPa",
            "Williams and Mein 1987, J Dairy Res, closing forces of the bovine teat canal"),
    "S65": (SEEN, "contact pressures in mammography", "de Groot 2013 (concepedia W2034225324)"),
    "S69": (LEAFLET, "ductoscopy: 12 min or less advised, because of pain; taken as an analogy",
            "emedicine.medscape.com/article/1894873"),
    "S72": (SEEN, "occlusion pressure of infusion pumps, at most 20 psi (138 kPa)",
            "ECRI text quoted at th4.ilovetranslation.com/KIhI8Sq7tC6=d"),
    "S73": (SEEN, "compression in routine: 49 to 186 N, median 122.5 N",
            "Radiology 1991;181:355 (pubmed 1924771)"),
    "S74": (SEEN, "power drive of the paddle: 111 to 200 N", "FDA MQSA policy, ucm052682"),
    "S76": (SEEN, "1.8.1: no continuous reverse delivery in normal or single-fault state",
            "Generic Infusion Pump v1.0, MS-CIS-08-31, repository.upenn.edu/cis_reports/893;"
            " read in a transcription that was checked only in part"),
}  # fmt: skip
"""Evidence, what was taken from it, where."""


def parts_in(text: str) -> list[str]:
    """Parts named in a source text, in the order of ``PARTS``."""
    free = re.sub("|".join(map(re.escape, RULES)), "", text)
    named = re.findall(r"\b(?:[A-E]\d|D)\b", free)
    _all_known(named, PARTS)
    return [part for part in PARTS if part in named]


def rules_in(text: str) -> list[str]:
    """Rules and pages of the project named in a source text."""
    named = re.findall(r"(?:safety rules|console facts) \d\.\d", text)
    _all_known(named, RULES)
    return [rule for rule in RULES if rule in text]


def references_in(text: str) -> list[str]:
    """S numbers named in a source text, rising."""
    named = re.findall(r"\bS\d+\b", text)
    _all_known(named, REFERENCES)
    return sorted(set(named), key=lambda number: int(number[1:]))


def _all_known(named: list[str], known: dict[str, str] | dict[str, tuple[str, str, str]]) -> None:
    for name in named:
        if name not in known:
            raise ValueError(f"source {name} is not restated; add it to docs/drawn/sources.py")
