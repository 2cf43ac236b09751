"""The encoding of a text that is neither UTF-8 nor UTF-16.

The library chardet judges it. Its models know the letters and the languages of each encoding; those of
charset-normalizer confuse the encodings of Central Europe, Turkey and the Baltic states in tables of names
and addresses."""

import codecs

from chardet import EncodingEra, detect_all

USUAL_ENCODING = "cp1252"

LEAST_SAMPLE = 3
"""The number of bytes beyond ASCII below which nothing can be judged."""

LEAST_CONFIDENCE = 0.03
"""The confidence below which chardet has seen too little to distinguish the encodings of Western and
Central Europe."""

NEARLY = 0.8
"""The share of that confidence with which the usual encoding is preferred."""


def guess_encoding(content: bytes) -> str | None:
    """The encoding in which the lines beyond ASCII look most like text, or cp1252 if there are too few
    characters to judge; None if they look like text in no encoding."""
    lines = [line for line in content.splitlines() if not line.isascii()]
    sample = b"\n".join(dict.fromkeys(lines))
    if sum(byte > 127 for byte in sample) < LEAST_SAMPLE:
        return USUAL_ENCODING
    confidences = _confidences(sample)
    if not confidences:
        return None
    best = max(confidences, key=lambda encoding: confidences[encoding])
    usual = confidences.get(USUAL_ENCODING, 0)
    is_unclear = confidences[best] < LEAST_CONFIDENCE and usual >= NEARLY * confidences[best]
    return USUAL_ENCODING if is_unclear else best


def _confidences(sample: bytes) -> dict[str, float]:
    """The confidence in each encoding by Python's name of it."""
    detected = detect_all(sample, ignore_threshold=True, encoding_era=EncodingEra.MODERN_WEB)
    return {
        codecs.lookup(each["encoding"]).name: each["confidence"]
        for each in detected
        if each["encoding"] is not None
    }
