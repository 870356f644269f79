"""The programs that a problem folder ships: single files, and folders of several files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from gigaevo.problems import problem as layout
from gigaevo.problems.errors import ProblemError
from gigaevo.problems.problem import InitialProgram
from gigaevo.problems.python_file import PythonFile, read_python
from gigaevo.problems.settings import ProblemSettings
from gigaevo.problems.text_file import read_text
from gigaevo.programs.evolve_blocks import BlockError, parse
from gigaevo.programs.languages import LANGUAGES, PYTHON, Language, language_of
from gigaevo.programs.text_facts import MOST_CHARS, MOST_FILES

Check = Callable[[PythonFile], None]


def read_initial_programs(
    folder: Path, settings: ProblemSettings, modules: Mapping[str, PythonFile]
) -> tuple[tuple[InitialProgram, ...], set[str]]:
    """The initial programs of a problem, sorted by name, and what they import of numpy and scipy.

    Each file with the suffix of the problem's language is a program, and so is each folder; its entry is the file
    ``main`` with that suffix. The folder of initial programs may be empty or missing.

    Args:
        folder: The problem folder.
        settings: What its problem.yaml says.
        modules: Its own modules, by file name.

    Raises:
        ProblemError: A file cannot be used; the first one found.
    """
    language = LANGUAGES[settings.language]
    check = None if settings.command else _entrypoint_check(modules)
    imports: set[str] = set()
    found: dict[str, InitialProgram] = {}
    for path in _candidates(folder / layout.INITIAL_PROGRAMS, language):
        if path.is_dir():
            program = _of_folder(path, language, check, imports)
        else:
            text = _checked(path, check, imports)
            program = InitialProgram(
                name=path.stem, files={language.main_file: text}, entry=language.main_file, path=path
            )
        if program.name in found:
            raise ProblemError(f"is called like another program here, '{program.name}'; rename one of them", path=path)
        found[program.name] = program
    return tuple(found.values()), imports


def _candidates(seeds: Path, language: Language) -> list[Path]:
    """Files and folders that are programs."""
    if not seeds.is_dir():
        return []
    entries = [path for path in sorted(seeds.iterdir()) if path.name[0] != "." and path.name != "__pycache__"]
    programs = [
        path
        for path in entries
        if path.is_dir() or (path.suffix == language.suffix and path.name != "__init__.py" and path.is_file())
    ]
    stranger = next((path for path in entries if language_of(path.name) not in (None, language)), None)
    if not programs and stranger is not None:
        raise ProblemError(
            f"has no {language.suffix} file; name the language of {stranger.name} in {layout.SETTINGS_FILE} "
            "('language: ...')",
            path=seeds,
        )
    return programs


def _of_folder(folder: Path, language: Language, check: Check | None, imports: set[str]) -> InitialProgram:
    """The program that a folder is."""
    entry = language.main_file
    if not (folder / entry).is_file():
        raise ProblemError(f"has no {entry}; a folder here is one program, and its entry is called so", path=folder)
    files: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if any(part[0] == "." or part == "__pycache__" for part in inside.parts):
            continue
        if path.is_symlink():
            raise ProblemError("is a link; put the file itself there", path=path)
        if path.is_file():
            name = inside.as_posix()
            files[name] = _checked(path, check if name == entry else None, imports)
    chars = sum(len(text) for text in files.values())
    if len(files) > MOST_FILES or chars > MOST_CHARS:
        raise ProblemError(
            f"has {len(files)} files of {chars} characters together; a program may have {MOST_FILES} of {MOST_CHARS}",
            path=folder,
        )
    return InitialProgram(name=folder.name, files=files, entry=entry, path=folder / entry)


def _checked(path: Path, check: Check | None, imports: set[str]) -> str:
    """Text of one file, once it is known to be in order."""
    own = language_of(path.name) or PYTHON
    if path.suffix == PYTHON.suffix:
        file = read_python(path)
        imports |= file.scientific_imports()
        if check is not None:
            check(file)
        text = file.source
    else:
        text = read_text(path)
    if "\0" in text:
        raise ProblemError("is not text: it has a null byte; keep data in files that context.py reads", path=path)
    try:
        parse(text, own)
    except BlockError as error:
        raise ProblemError(error.message, path=path, line=error.line) from None
    return text


def _entrypoint_check(modules: Mapping[str, PythonFile]) -> Check:
    """What an entry file must define, by how it will be called."""
    arguments: range | None = range(2) if layout.CONTEXT_FILE in modules else range(1)
    remedy = "write 'def entrypoint(context):'" if layout.CONTEXT_FILE in modules else "write 'def entrypoint():'"
    if layout.DRIVER_FILE in modules:
        arguments, remedy = range(1, 2), "write 'def entrypoint(request):'"
    if layout.HARNESS_FILE in modules:
        arguments, remedy = None, f"define it as {layout.HARNESS_FILE} calls it"

    def check(file: PythonFile) -> None:
        file.require_function(layout.ENTRYPOINT, arguments=arguments, remedy=remedy)

    return check
