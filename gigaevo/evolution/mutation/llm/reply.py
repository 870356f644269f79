"""From an answer to the files of a child: strictly, and without running any of it.

Of an answer that should hold whole programs, code blocks count whose fence names the task's language or none. A block
that names a file is that file; without names the last block that defines the entrypoint is the program (the first two,
where two children were asked for). Where the parent has marked blocks, a block of code either is the whole file, with
its marks or without, or what lies between them.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from gigaevo.evolution.mutation.llm.edits import apply_edit, read_edits
from gigaevo.evolution.mutation.llm.fences import Answer, CodeBlock, take_apart
from gigaevo.evolution.mutation.llm.marked_file import with_blocks_of
from gigaevo.evolution.mutation.llm.unusable import Reason, Unusable
from gigaevo.programs.evolve_blocks import BlockError, files_have_blocks, files_keep_outside, has_blocks
from gigaevo.programs.languages import PYTHON, Language, language_of
from gigaevo.programs.syntax import MAX_BYTES, SourceError, check_compiles, parse_source
from gigaevo.programs.text_facts import MOST_CHARS as ALL_CHARS
from gigaevo.programs.text_facts import MOST_FILES, file_facts, files_hash

MOST_CHARS = 512 * 1024  # of an answer

_REFUSALS = (
    *("i'm sorry", "i am sorry", "sorry,", "i cannot", "i can't", "i won't", "i'm unable", "i am unable"),
    *("as an ai", "i must decline"),
)

Files = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What an answer changes, and what it may change.

    Attributes:
        files: The program as it is.
        entry: Its entry file.
        language: What it is written in.
        editable: Globs (``fnmatch``) of the files that may change.
        children: How many programs the answer may hold.
        entrypoint: What the entry file must define; empty where a command runs the program. Only of Python can be seen
            whether it does.
        comments_count: Whether a program with other comments is another program.
    """

    files: Files
    entry: str
    language: Language = PYTHON
    editable: Sequence[str] = ("*.py",)
    children: int = 1
    entrypoint: str = "entrypoint"
    comments_count: bool = False

    @property
    def called(self) -> bool:
        """Whether an entrypoint must be there, and can be looked for."""
        return bool(self.entrypoint) and self.language is PYTHON

    @property
    def marked(self) -> bool:
        """Whether only marked blocks may change."""
        return files_have_blocks(self.files)


def programs_in(text: str, finish: str, ground: Ground) -> list[dict[str, str]]:
    """The children that an answer with whole programs holds: the files of each, all checked.

    Args:
        text: The answer, without thoughts.
        finish: Why it ended, as ``Reply.finish`` says.
        ground: What it is to change.

    Raises:
        Unusable: It holds none.
    """
    check_size(text)
    answer = take_apart(text)
    blocks = _of_language(answer, text, finish, ground)
    named = [block for block in blocks if _is_named(block, ground)]
    if named and ground.children == 1:
        return [_checked(_with_named(named, blocks, ground), ground)]
    entries = [block.text for block in blocks]
    if ground.called and not ground.marked:
        entries = [entry for entry in entries if ground.entrypoint in entry] or entries
    if ground.children == 1:
        return [_checked(_with_entry(entries[-1], ground), ground)]
    return _several(entries[: ground.children], ground)


def edited_by(text: str, finish: str, ground: Ground) -> dict[str, str]:
    """The files of the child that an answer with SEARCH/REPLACE blocks makes, checked.

    Raises:
        Unusable: It makes none.
    """
    check_size(text)
    if finish == "length":
        raise Unusable(Reason.TRUNCATED, "the answer was cut off at the limit of tokens")
    try:
        edits = read_edits(text)
    except Unusable as problem:
        if problem.reason is Reason.NO_BLOCKS and _refuses(text, finish):
            raise Unusable(Reason.REFUSAL, "the model refused") from None
        raise
    files = dict(ground.files)
    for edit in edits:
        path = _existing(edit.path, ground)
        files[path] = apply_edit(files[path], edit)
        if len(files[path]) > MAX_BYTES:
            raise Unusable(Reason.HUGE, f"{path} becomes longer than {MAX_BYTES // 1024} KiB")
    return _checked(files, ground)


def check_size(text: str) -> None:
    """Refuse what is too large to be looked at, and what is nothing.

    Raises:
        Unusable: Either.
    """
    if len(text) > MOST_CHARS:
        raise Unusable(Reason.HUGE, f"the answer is longer than {MOST_CHARS // 1024} Ki characters")
    if not text.strip():
        raise Unusable(Reason.EMPTY, "the answer is empty")


def _of_language(answer: Answer, text: str, finish: str, ground: Ground) -> list[CodeBlock]:
    """The code blocks that can be meant, at least one."""
    if answer.blocks and not answer.blocks[-1].closed:
        raise Unusable(Reason.TRUNCATED, "the answer ends in the middle of a code block")
    fitting = [block for block in answer.blocks if _fits(block, ground)]
    if fitting:
        return fitting
    if _refuses(text, finish):
        raise Unusable(Reason.REFUSAL, "the model refused")
    if finish == "length":
        raise Unusable(Reason.TRUNCATED, "the answer was cut off at the limit of tokens")
    if answer.blocks:
        words = ", ".join(sorted({block.word[:20] for block in answer.blocks}))
        raise Unusable(Reason.WRONG_LANGUAGE, f"code in {words}, but none in {ground.language.name}")
    if ground.called and _is_program(text, ground.entrypoint):
        return [CodeBlock(text, "", "", closed=True)]
    raise Unusable(Reason.NO_CODE, "there is no code block in it")


def _fits(block: CodeBlock, ground: Ground) -> bool:
    """Whether a block may be meant: by its language, or as a file that the program has."""
    if block.path and block.path in ground.files:
        return True
    return not block.word or ground.language.is_fence(block.word)


def _refuses(text: str, finish: str) -> bool:
    return finish == "content_filter" or text.lstrip().lower().replace("’", "'").startswith(_REFUSALS)


def _is_named(block: CodeBlock, ground: Ground) -> bool:
    """Whether a block says which file it is. Of a program of one file any name is a name for that one."""
    return bool(block.path) and (len(ground.files) > 1 or block.path not in ("", ground.entry))


def _with_named(named: Sequence[CodeBlock], blocks: Sequence[CodeBlock], ground: Ground) -> dict[str, str]:
    """The files with those blocks in their places. What has no name is the entry file, if that is not named too."""
    if len(ground.files) == 1 and len(blocks) == 1:
        return _with_entry(blocks[0].text, ground)
    files = dict(ground.files)
    for block in named:
        path = _allowed(block.path, ground)
        files[path] = _placed(path, block.text, ground)
    others = [block.text for block in blocks if block not in named and ground.entrypoint in block.text]
    if others and files[ground.entry] == ground.files[ground.entry]:
        files[ground.entry] = _placed(ground.entry, others[-1], ground)
    return files


def _with_entry(text: str, ground: Ground) -> dict[str, str]:
    return {**ground.files, ground.entry: _placed(ground.entry, text, ground)}


def _several(entries: Sequence[str], ground: Ground) -> list[dict[str, str]]:
    """Children of one answer: those that can be used; the first problem where none can."""
    children: list[dict[str, str]] = []
    problem: Unusable | None = None
    for entry in entries:
        try:
            child = _checked(_with_entry(entry, ground), ground)
        except Unusable as unusable:
            problem = problem or unusable
            continue
        if files_hash(child) not in map(files_hash, children):
            children.append(child)
    if not children:
        assert problem is not None
        raise problem
    return children


def _placed(path: str, text: str, ground: Ground) -> str:
    """The new text of a file. Of one with marked blocks only those are taken, from the whole file or by themselves."""
    old = ground.files.get(path)
    language = language_of(path) or ground.language
    if old is None or not has_blocks(old, language):
        return text
    try:
        return with_blocks_of(old, text, language, entrypoint=ground.entrypoint if ground.called else "")
    except BlockError as error:
        raise Unusable(Reason.OUTSIDE, f"{path}: {error}") from None


def _existing(path: str, ground: Ground) -> str:
    """The file that an edit is for."""
    path = str(PurePosixPath(path)) if path else ""
    if path in ground.files:
        return _allowed(path, ground)
    if len(ground.files) == 1 or not path:
        return _allowed(ground.entry, ground)
    raise Unusable(Reason.NOT_EDITABLE, f"the program has no file {path[:100]!r}")


def _allowed(path: str, ground: Ground) -> str:
    """``path`` as a file that may change, or come."""
    pure = PurePosixPath(path)
    clean = str(pure)
    odd = pure.is_absolute() or ".." in pure.parts or len(clean) > 200 or not clean.isprintable() or "\\" in clean
    if odd or not any(fnmatchcase(clean, glob) for glob in ground.editable):
        raise Unusable(Reason.NOT_EDITABLE, f"the file {path[:100]!r} may not change")
    return clean


def _checked(files: dict[str, str], ground: Ground) -> dict[str, str]:
    """``files``, if they are a child of the program that may be run."""
    changed = [path for path, text in files.items() if ground.files.get(path) != text]
    if not changed:
        raise Unusable(Reason.UNCHANGED, "it is the program as it was")
    if len(files) > MOST_FILES or sum(map(len, files.values())) > ALL_CHARS:
        raise Unusable(Reason.HUGE, f"more than {MOST_FILES} files, or than {ALL_CHARS >> 20} Mi characters together")
    for path in changed:
        _allowed(path, ground)
        _check_text(path, files[path])
    if ground.marked and not files_keep_outside(ground.files, files):
        raise Unusable(Reason.OUTSIDE, "what lies outside of the marked blocks was changed")
    if ground.entry in changed and ground.called and not _defines(files[ground.entry], ground.entrypoint):
        raise Unusable(Reason.NO_ENTRYPOINT, f"{ground.entry} does not define {ground.entrypoint}")
    if not ground.comments_count and files_hash(files) == files_hash(ground.files):
        raise Unusable(Reason.UNCHANGED, "but for comments and layout it is the program as it was")
    return files


def _check_text(path: str, text: str) -> None:
    """Refuse a text that no file can hold, and Python that is none."""
    if len(text) > MAX_BYTES:
        raise Unusable(Reason.HUGE, f"{path} is longer than {MAX_BYTES // 1024} KiB")
    try:
        file_facts(path, text)
        if path.endswith(PYTHON.suffix):
            check_compiles(text)
    except SourceError as error:
        raise Unusable(Reason.SYNTAX, f"{path}: {error}") from None


def _is_program(text: str, entrypoint: str) -> bool:
    """Whether a whole answer is a program rather than words about one."""
    try:
        return any(_binds(node, entrypoint) for node in parse_source(text).body)
    except SourceError:
        return False


def _defines(text: str, entrypoint: str) -> bool:
    """Whether a module that ``parse_source`` would take defines the entrypoint at its top level."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return any(_binds(node, entrypoint) for node in ast.parse(text).body)


def _binds(node: ast.stmt, wanted: str) -> bool:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name == wanted
        case ast.Assign(targets=targets):
            return any(isinstance(target, ast.Name) and target.id == wanted for target in targets)
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return any((alias.asname or alias.name) == wanted for alias in names)
        case ast.If(body=body) | ast.Try(body=body):
            return any(_binds(inner, wanted) for inner in body)
    return False
