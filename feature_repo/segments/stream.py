"""The tokens of a rule, one after the other, and how large a rule may grow while they are read."""

from collections.abc import Callable
from typing import TypeVar

from feature_repo.segments.problems import Problem, RuleError, Span
from feature_repo.segments.tokens import Kind, Token, tokens

MOST_NODES, DEEPEST = 300, 20

T = TypeVar("T")


class TokenStream:
    """A place in the tokens of a rule."""

    def __init__(self, rule: str):
        self._rule = rule
        self._tokens = tokens(rule)
        self._place = 0
        self._nodes = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        """The token we stand before."""
        return self._tokens[self._place]

    @property
    def last(self) -> Token:
        """The token read last."""
        return self._tokens[self._place - 1]

    def peek(self) -> Token:
        """Return the token after the next."""
        return self._tokens[min(self._place + 1, len(self._tokens) - 1)]

    def next(self) -> Token:
        """Read a token."""
        self._place += 1
        return self.last

    def is_end(self) -> bool:
        """Say whether nothing more comes."""
        return self.token.kind is Kind.END

    def is_(self, word: str) -> bool:
        """Say whether a keyword or sign comes next."""
        return self.token.kind in (Kind.KEYWORD, Kind.SIGN) and self.token.value == word

    def taken(self, word: str) -> bool:
        """Read a keyword or sign if it comes next; say whether it did."""
        if self.is_(word):
            self.next()
            return True
        return False

    def expect(self, word: str) -> None:
        """Read a keyword or sign. Raises RuleError if another token comes."""
        if not self.taken(word):
            raise self.error(f"`{word}` is missing before {self.shown()}", self.token.at)

    def shown(self) -> str:
        """Return the next token for a sentence."""
        return "the end" if self.token.kind is Kind.END else f"'{self.token.value}'"

    def deeper(self, part: Callable[[], T]) -> T:
        """Read a part that stands within another."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise self.error(f"nested more than {DEEPEST} deep", self.token.at)
        inner = part()
        self._depth -= 1
        return inner

    def made(self, node: T) -> T:
        """Count a node of the rule."""
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise self.error(f"the rule has more than {MOST_NODES} parts", self.token.at)
        return node

    def error(self, text: str, at: Span) -> RuleError:
        """Return the error that something is wrong there."""
        return RuleError(self._rule, [Problem(text, at)])
