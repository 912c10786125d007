"""Which language a text is in. The claims are written in English; in another language nothing could be found."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from ketascope.claims.reading.limits import reading_data, reading_limit
from ketascope.errors import InputError

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_SAMPLES = 5
_SAMPLE_CHARACTERS = 4000
_ENGLISH_ENOUGH = 0.20  # share of English function words that no other language reaches by chance
_ENGLISH_TOO_FEW = 0.08
_SURE = 0.90


def refuse_other_language(text: str, origin: str) -> tuple[str, ...]:
    """Raise InputError when `text` is surely not English; otherwise notes, mostly none.

    Names of drugs look foreign to a guesser that counts letters, so it is asked only where English function words are
    few, and believed only where they are fewer still or it is very sure.
    """
    sample = _sample(text)
    words = [word.lower() for word in _WORD.findall(sample)]
    letters = sum(map(len, words))
    other_script = letters - sum(len(_LATIN.findall(word)) for word in words)
    # Some scripts put no space between words: there, letters count.
    enough = len(words) >= reading_limit("language_words") or other_script >= 2 * reading_limit("language_words")
    if not enough:
        return ("too short to tell its language; it was read as English",) if words else ()
    data = reading_data("languages")
    english = frozenset(data["function_words"])
    share = sum(word in english for word in words) / len(words)
    if share >= _ENGLISH_ENOUGH and other_script < 0.5 * letters:
        return ()
    code, probability = _guess(sample)
    if code == "en" or probability < _SURE:
        if other_script >= 0.5 * letters:
            raise InputError(f"{origin} is mostly not in Latin letters: audit reads English")
        return ("the language could not be told; the text was read as English",) if code != "en" else ()
    if share > _ENGLISH_TOO_FEW and other_script < 0.5 * letters:
        return ("the text holds little English; claims in another language are not found",)
    name = data["names"].get(code, f"another language (code {code})")
    raise InputError(f"{origin}: the text seems to be {name}; audit reads English")


def _sample(text: str) -> str:
    """Pieces from all over the text: a long one need not be read whole."""
    if len(text) <= _SAMPLES * _SAMPLE_CHARACTERS:
        return text
    step = (len(text) - _SAMPLE_CHARACTERS) // (_SAMPLES - 1)
    return "\n".join(text[start * step : start * step + _SAMPLE_CHARACTERS] for start in range(_SAMPLES))


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _guess(text: str) -> tuple[str, float]:
    code, probability = _identifier().classify(text)
    return str(code), float(probability)
