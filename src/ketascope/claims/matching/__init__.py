"""Which claims of the library a sentence makes."""

from __future__ import annotations

from ketascope.claims.matching.factual import is_factual
from ketascope.claims.matching.types import Form, Match, Matcher, Quantity

__all__ = ["Form", "Match", "Matcher", "Quantity", "embedding_matcher", "is_factual", "rules_matcher"]


def rules_matcher() -> Matcher:
    """The matcher by rules, which needs nothing but the package."""
    from ketascope.claims.matching.rules import RulesMatcher

    return RulesMatcher()


def embedding_matcher() -> Matcher:
    """The matcher by sentence embeddings, which needs the extra `embeddings`."""
    from ketascope.claims.matching.embedding import EmbeddingMatcher

    return EmbeddingMatcher()
