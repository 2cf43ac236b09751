"""Guesses the encoding of text that is neither UTF-8 nor UTF-16, from the letters of its words.

charset-normalizer distinguishes scripts, and the encodings of East Asia. Names and addresses are too
short for it to distinguish the Windows encodings: it reads Turkish and Latvian as Western European. So
those are compared by the alphabets of the languages that use them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from string import ascii_lowercase

from charset_normalizer import from_bytes

USUAL_ENCODING = "cp1252"
WINDOWS = (USUAL_ENCODING, "cp1250", "cp1254", "cp1257", "cp1251", "cp1253", "koi8_r")
OLDER = ("mac_roman", "cp850", "cp852", "iso8859_2")
"""Those of Macintosh, DOS and Unix, which count only if they explain more words than those of Windows."""

EAST_ASIAN = ("cp932", "gb18030", "cp949", "big5", "euc_jp")

LATIN = (
    "äöüß",  # German
    "àâçèéêëîïôùûüÿœ",  # French
    "áéíñóúü",  # Spanish
    "àèéìíîòóù",  # Italian
    "àáâãçéêíóôõúü",  # Portuguese
    "áäèéëíïóöúü",  # Dutch
    "åäéö",  # Swedish and Finnish
    "åæéøö",  # Danish and Norwegian
    "àçèéíïòóúü",  # Catalan
    "ąćęłńóśźż",  # Polish
    "áčďéěíňóřšťúůýž",  # Czech
    "áéíóöőúüű",  # Hungarian
    "âăîşţ",  # Romanian
    "âçğıîöşûü",  # Turkish
    "áäčďéíĺľňóôŕšťúýž",  # Slovak
    "čćđšž",  # Croatian, Bosnian and Slovenian
    "ąčęėįšųūž",  # Lithuanian
    "āčēģīķļņšūž",  # Latvian
    "äõöšüž",  # Estonian
    "áæðéíóöúýþ",  # Icelandic
)
"""The letters of languages beyond ASCII. If two explain a text equally well, the first is likelier."""

OTHER_SCRIPTS = (
    "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋ",  # Greek
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",  # Russian and Bulgarian
    "абвгдежзийклмнопрстуфхцчшщьюяєіїґ",  # Ukrainian
    "абвгдежзийклмнопрстуфхцчшыьэюяёіў",  # Belarusian
    "абвгдежзиклмнопрстуфхцчшђјљњћџ",  # Serbian
    "абвгдежзиклмнопрстуфхцчшѓѕјљњќџ",  # Macedonian
)

ALPHABETS = [
    *(frozenset(letters + ascii_lowercase) for letters in LATIN),
    *map(frozenset, OTHER_SCRIPTS),
]
GREEK, *CYRILLIC = ALPHABETS[len(LATIN) :]

WORD = re.compile(r"[A-Za-z\u0080-\uffff]+")
PUNCTUATION = "„“”‚‘’‹›«»–—…•·¿¡\xa0´®™©"  # noqa: RUF001 - these are the signs meant
SYMBOLS = re.compile(r"[A-Za-z]{0,3}[²³ºª°]{1,2}|[§€£¥µ°½¼¾²³×±ºª]{1,2}")
"""Marks that are not part of a word, such as those of 12 m³, Nº 5, 20 °C and £5."""

LEAST_WORDS = 0.6
"""The share of words that an encoding must explain."""

LEAST_WORD = 3
"""Letters from which a word in Latin script has at least one of ASCII. A Greek word of more letters has
an accent."""

ACCENTED = frozenset("άέήίόύώ")
ENDINGS = frozenset("αεηιουωάέήίόύώϊϋνςρ")
"""The last letters of Greek words."""

LEAST_OLDER = 3
"""Words from which an older encoding can be recognised."""

MOST_WORDS = 2_000
"""Words of a file that are compared."""

LEAST_SAMPLE = 4
"""The number of bytes beyond ASCII below which charset-normalizer cannot distinguish encodings."""

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""A character that does not occur in text, and therefore reveals a wrong encoding."""


@dataclass(frozen=True)
class Reading:
    """How well an encoding suits a text."""

    encoding: str
    words: int
    explained: float
    """The share of words that are words of any language."""

    coherence: float
    """The share of words that are words of the same language."""

    rank: int
    """The position of that language in ALPHABETS."""


def guess_encoding(content: bytes) -> str | None:
    """The encoding in which the lines beyond ASCII look most like text, or cp1252 if there are too few
    characters to judge; None if they look like text in no encoding."""
    lines = [line for line in content.splitlines() if not line.isascii()]
    sample = b"\n".join(dict.fromkeys(lines))
    best, older = _best(sample, WINDOWS), _best(sample, OLDER)
    if older.words >= LEAST_OLDER and older.explained > best.explained:
        best = older
    return best.encoding if best.explained >= LEAST_WORDS else _guess_script(sample)


def _best(sample: bytes, encodings: Sequence[str]) -> Reading:
    readings = [_reading(sample, encoding) for encoding in encodings]
    return max(readings, key=lambda each: (each.explained, each.coherence, -each.rank))


def _guess_script(sample: bytes) -> str | None:
    if sum(byte > 127 for byte in sample) < LEAST_SAMPLE:
        return USUAL_ENCODING
    matches = from_bytes(sample, cp_isolation=[*WINDOWS, *EAST_ASIAN])
    return next((each.encoding for each in matches if not CONTROL.search(str(each))), None)


def _reading(sample: bytes, encoding: str) -> Reading:
    text = sample.decode(encoding, "replace")
    words = [] if CONTROL.search(text) else _words(text)
    fits = {
        rank: [_is_word(word, letters) for word in words]
        for rank, letters in enumerate(ALPHABETS)
        if _can_write(encoding, rank)
    }
    explained = sum(map(any, zip(*fits.values(), strict=True)))
    rank = max(fits, key=lambda each: sum(fits[each]))
    total = max(len(words), 1)
    return Reading(encoding, len(words), explained / total, sum(fits[rank]) / total, rank)


def _words(text: str) -> list[str]:
    """The distinct words beyond ASCII, without quotation marks."""
    words = dict.fromkeys(word.strip(PUNCTUATION) for word in WORD.findall(text))
    return [word for word in words if not word.isascii()][:MOST_WORDS]


@cache
def _can_write(encoding: str, rank: int) -> bool:
    try:
        "".join(ALPHABETS[rank]).encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _is_word(word: str, letters: frozenset[str]) -> bool:
    """Whether a word has only these letters, and capitals only where they belong."""
    if SYMBOLS.fullmatch(word):
        return True
    lower = word.replace("İ", "i").lower()
    has_case = word.islower() or word.isupper() or word[1:].islower()
    if not has_case or not letters.issuperset(lower):
        return False
    if letters is GREEK:
        return len(word) <= LEAST_WORD or word.isupper() or _is_greek(lower)
    return letters in CYRILLIC or len(word) < LEAST_WORD or any(map(str.isascii, word))


def _is_greek(word: str) -> bool:
    return len(ACCENTED.intersection(word)) == 1 and word[-1] in ENDINGS
