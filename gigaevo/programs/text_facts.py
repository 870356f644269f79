"""What the text of a file says of it where nothing here can parse its language, and of programs of several files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from gigaevo.programs.languages import PYTHON, Language, language_of
from gigaevo.programs.syntax import MAX_BYTES, SourceError, SyntaxFacts, analyse

MOST_FILES = 64  # of one program
MOST_CHARS = 1 << 20  # of all its files together

_TOKEN = re.compile(r"\w+|[^\w\s]")
_BRANCH = re.compile(
    r"\b(?:if|elif|elsif|elseif|unless|for|foreach|while|until|loop|case|when|match|catch|except|rescue)\b|&&|\|\|"
)


def program_facts(files: Mapping[str, str], entry: str) -> SyntaxFacts:
    """Hash and size of a program: of its files together, where there are several.

    Args:
        files: Relative path to text.
        entry: The file that is run first.

    Raises:
        SourceError: A file cannot be read as what its name says, or there are too many or too long ones.
    """
    if len(files) == 1:
        return file_facts(entry, files[entry])
    if len(files) > MOST_FILES or sum(map(len, files.values())) > MOST_CHARS:
        raise SourceError(f"a program may have {MOST_FILES} files of {MOST_CHARS} characters together")
    facts: list[SyntaxFacts] = []
    for path in sorted(files):
        try:
            facts.append(file_facts(path, files[path]))
        except SourceError as error:
            if path == entry:
                raise
            raise SourceError(f"{path}: {error}") from None
    paradigms = [fact.paradigm for fact in facts if fact.paradigm is not None]
    return SyntaxFacts(
        syntax_hash=files_hash(files),
        lines=sum(fact.lines for fact in facts),
        ast_nodes=sum(fact.ast_nodes for fact in facts),
        cyclomatic_complexity=1 + sum(fact.cyclomatic_complexity - 1 for fact in facts),
        paradigm=max(paradigms, default=None),
    )


def files_hash(files: Mapping[str, str]) -> str:
    """Digest of a program's normalised syntax; of the plain text of a file that cannot be read as what it is."""
    if len(files) == 1:
        return _text_hash(*next(iter(files.items())))
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(files):
        digest.update(f"{path}\0{_text_hash(path, files[path])}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def file_facts(path: str, text: str) -> SyntaxFacts:
    """Hash and size of one file: those of its syntax tree where it is Python, else those of its text.

    Raises:
        SourceError: It is not Python though its name says so, or it is no text.
    """
    language = language_of(path)
    return analyse(text) if language is PYTHON else facts_of_text(text, language)


def facts_of_text(text: str, language: Language | None) -> SyntaxFacts:
    """What can be said of a text in a language that is not parsed.

    Its hash is that of its lines, without those that are blank or nothing but a comment, and without white space at
    their ends. ``ast_nodes`` counts tokens: words, numbers and signs. ``cyclomatic_complexity`` is 1 plus the words and
    signs that branch in most languages. Lines within a string that look like a comment are taken for one.

    Args:
        text: The file.
        language: What it is written in; None where that is not known, and every line counts but blank ones.

    Raises:
        SourceError: It is longer than 128 KiB, or no text.
    """
    try:
        if len(text.encode()) > MAX_BYTES:
            raise SourceError(f"the program is longer than {MAX_BYTES // 1024} KiB")
    except UnicodeEncodeError:
        raise SourceError("the program is no UTF-8 text") from None
    if "\0" in text:
        raise SourceError("the program has a null byte in it", text.count("\n", 0, text.index("\0")) + 1)
    lines = _lines_of_code(text, language)
    code = "\n".join(lines)
    return SyntaxFacts(
        syntax_hash=hashlib.blake2b(code.encode(), digest_size=16).hexdigest(),
        lines=len(lines),
        ast_nodes=len(_TOKEN.findall(code)),
        cyclomatic_complexity=1 + len(_BRANCH.findall(code)),
        paradigm=None,
    )


def _lines_of_code(text: str, language: Language | None) -> list[str]:
    lines = [line.rstrip() for line in text.splitlines()]
    first = lines[:1] if text.startswith("#!") else []
    return first + [line for line in lines[len(first) :] if line and not _is_comment(line.lstrip(), language)]


def _is_comment(line: str, language: Language | None) -> bool:
    if language is None or not line.startswith(language.comment):
        return False
    end = language.comment_end
    return not end or line.find(end, len(language.comment)) == len(line) - len(end)


def _text_hash(path: str, text: str) -> str:
    try:
        return file_facts(path, text).syntax_hash
    except SourceError:
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
