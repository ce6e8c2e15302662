"""From a typed query to an Expression: `word`, `"quoted phrase"`, `a OR b`, `-word`, `word~`, `=word`.

Words beside each other must all be on the page. OR binds tighter than that: `a b OR c` is a, and b or c.
"""

from __future__ import annotations

from functools import lru_cache

from lark import Lark, Token, Transformer, UnexpectedInput, v_args

from infra.errors import UsageError
from search.engine.expression import Expression, Item, Phrase, Term

MAX_LENGTH = 1_000
"""Characters of a query."""
MAX_TERMS = 20

_GRAMMAR = r"""
start: (group | exclusion)+
group: item (_OR item)*
exclusion: _NOT item
?item: term | phrase
phrase: _QUOTE term+ _QUOTE
term: [EXACT] WORD [LOOSE]

_OR.4: /OR(?=[\s"]|$)/
_NOT.3: /(?<![^\s])-(?=\S)/
EXACT.3: /(?<![^\s"-])=(?=[^\s"])/
_QUOTE.3: "\""
LOOSE.2: /~(?=[\s"]|$)/
WORD.1: /(?![-=]([\s"]|$))[^\s"~]+(~+[^\s"~]+)*/
%ignore /\s+/
"""
_STRAIGHT = str.maketrans("“”„‟«»", '""""""')


def parse(text: str) -> Expression:
    """The meaning of a query. UsageError, pointing at the character, for one that has none."""
    if len(text) > MAX_LENGTH:
        raise UsageError(f"the query has {len(text)} characters; at most {MAX_LENGTH} are taken")
    if not text.strip():
        raise UsageError("the query is empty; type a word")
    straight = text.translate(_STRAIGHT)
    try:
        tree = _parser().parse(straight)
    except UnexpectedInput as error:
        raise _at(text, *_why(straight, error)) from error
    expression: Expression = _Build().transform(tree)
    if not expression.all_of:
        raise _at(text, expression.none_of[0].at, "there is only something to leave out; add what to look for")
    if len(expression.terms) > MAX_TERMS:
        raise _at(text, expression.terms[MAX_TERMS].at, f"more than {MAX_TERMS} words")
    return expression


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="basic", maybe_placeholders=True)


class _Build(Transformer[Token, Expression]):
    """Tree to records."""

    @v_args(inline=True)
    def term(self, exact: Token | None, word: Token, loose: Token | None) -> Term:
        first = exact if exact is not None else word
        return Term(str(word), loose is not None, exact is not None, _position(first))

    def phrase(self, children: list[Term | Token]) -> Item:
        terms = tuple(child for child in children if isinstance(child, Term))
        return terms[0] if len(terms) == 1 else Phrase(terms, terms[0].at)

    def group(self, items: list[Item]) -> tuple[bool, tuple[Item, ...]]:
        return True, tuple(items)

    def exclusion(self, items: list[Item]) -> tuple[bool, tuple[Item, ...]]:
        return False, tuple(items)

    def start(self, groups: list[tuple[bool, tuple[Item, ...]]]) -> Expression:
        wanted = tuple(items for is_wanted, items in groups if is_wanted)
        return Expression(wanted, tuple(item for is_wanted, items in groups if not is_wanted for item in items))


def _position(token: Token) -> int:
    return int(token.start_pos or 0)


def _why(text: str, error: UnexpectedInput) -> tuple[int, str]:
    """Where the trouble is, and what it is."""
    if text.count('"') % 2:
        return text.rindex('"'), "this quotation mark has no partner"
    place = getattr(error, "pos_in_stream", None)
    at = int(place) if isinstance(place, int) and 0 <= place < len(text) else max(0, len(text.rstrip()) - 1)
    here = text[at : at + 1]
    if text[at : at + 2] == "OR":
        return at, "OR stands between two words"
    if here == '"':
        return at, "there is no word between these quotation marks"
    if here == "~":
        return at, "~ follows a word directly"
    if here in ("-", "="):
        return at, f"{here} stands directly before a word or a quotation"
    return at, f"{here!r} is not expected here"


def _at(text: str, at: int, why: str) -> UsageError:
    """An error that shows the place under the query."""
    shown = text.replace("\n", " ").replace("\t", " ")
    return UsageError(f"character {at + 1}: {why}\n  {shown}\n  {' ' * at}^")
