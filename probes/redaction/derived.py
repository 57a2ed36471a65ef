"""Texts that were made of a secret are secrets: its digests, its encodings, what was signed with it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from config.template_functions import Derivation
from probes.redaction.secrets import SHORTEST


def derived_secrets(made: Iterable[Derivation], known: Collection[str]) -> frozenset[str]:
    """Of what templates made, in their order, everything that a known secret, or something made of one, went into."""
    secret = {text for text in known if len(text) >= SHORTEST}
    found: set[str] = set()
    for sources, result in made:
        if any(text in source for source in sources for text in secret):
            found.add(result)
            secret.add(result)
    return frozenset(found)
