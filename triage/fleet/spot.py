"""Tokens for a whole fleet: of tens of thousands of names only those that stand in the text at hand are looked for."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from ahocorasick_rs import AhoCorasick

from triage.redact import Redactor
from triage.tokens import Tokens

RECENT = 500  # names in the small automaton, at which they move into the big one
NUMBERS = ("address", "bytes", "offset")  # sorts whose values are not looked for as words


class Spotter:
    """Which of some words stand in a text, in whatever case."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = [word for word in dict.fromkeys(words) if len(word) > 1]
        self.automaton = AhoCorasick([word.lower() for word in self.words]) if self.words else None

    def hits(self, text: str) -> frozenset[str]:
        """The words that stand there, perhaps inside others."""
        if self.automaton is None:
            return frozenset()
        return frozenset(self.words[n] for n, *_ in self.automaton.find_matches_as_indexes(text, overlapping=True))


class NearTokens(Tokens):
    """Tokens that show the redactor only the values and domains that `look` found in the text at hand."""

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self.names, self.used, self.last = tokens.names, tokens.used, tokens.last
        self.recent: list[str] = []
        self.networks = set(super().domains())
        self.spotted = 0  # of the recent ones those that the small automaton knows
        self.big, self.small = Spotter(self.everything()), Spotter(())
        self.near: frozenset[str] = frozenset()

    def everything(self) -> list[str]:
        """All values and domains there are."""
        return [*super().values(), *self.networks]

    def text(self, sort: str, value: str) -> str:
        """The name that stands for a value."""
        before = len(self.names.get(sort, ()))
        token = super().text(sort, value)
        grown = len(self.names.get(sort, ())) - before
        if grown and sort not in NUMBERS:
            fresh = list(islice(reversed(self.names[sort]), grown))
            fresh += [name.split(".", 1)[1] for name in fresh if sort == "host" and name.count(".") > 1]
            self.networks.update(fresh[grown:])
            self.recent += fresh
        return token

    def look(self, text: str) -> None:
        """Find out what of all that is known stands in a text."""
        if len(self.recent) > RECENT:
            self.big, self.small, self.recent, self.spotted = Spotter(self.everything()), Spotter(()), [], 0
        elif self.spotted != len(self.recent):
            self.small, self.spotted = Spotter(self.recent), len(self.recent)
        folded = text.lower()
        self.near = self.big.hits(folded) | self.small.hits(folded)

    def values(self) -> list[str]:
        """The values to look for in the text, the longest first."""
        return sorted(self.near, key=lambda value: (-len(value), value))

    def domains(self) -> list[str]:
        """The domains among them: other machines of those are found too."""
        return sorted(self.near & self.networks)

    def size(self) -> int:
        """What changes when `values` does."""
        return hash(self.near)


class FleetRedactor(Redactor):
    """A redactor whose work on a text does not grow with the fleet; it shares the tokens of the one it is made of."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self.tokens: NearTokens = NearTokens(redactor.tokens)

    def text(self, text: str, width: int = 0) -> str:
        """A string with everything replaced that is known or looks like something sensitive."""
        self.tokens.look(text)
        return super().text(text, width)
