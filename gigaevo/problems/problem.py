"""Problem: what is being solved, as its folder says."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gigaevo.problems.settings import ProblemSettings
from gigaevo.problems.workload import Workload
from gigaevo.programs.genome import CodeGenome
from gigaevo.programs.languages import LANGUAGES, Language
from gigaevo.programs.metrics import Metrics

TASK_FILE = "task_description.txt"
METRICS_FILE = "metrics.yaml"
VALIDATE_FILE = "validate.py"
VERIFY_FILE = "verify.py"
INITIAL_PROGRAMS = "initial_programs"
CONTEXT_FILE = "context.py"
HELPER_FILE = "helper.py"
HARNESS_FILE = "harness.py"
BENCHMARK_FILE = "benchmark.py"
DRIVER_FILE = "driver.py"
SETTINGS_FILE = "problem.yaml"
GENOME_FILE = "genome.yaml"
GENOTYPE_FILE = "genotype.yaml"
FITNESS_FILE = "fitness.py"

ENTRYPOINT = "entrypoint"

_UNMEASURED = (TASK_FILE, INITIAL_PROGRAMS, VERIFY_FILE)  # what no score depends on


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialProgram:
    """A program that evolution starts from.

    Attributes:
        name: File name without its ending, or the folder's name.
        files: Relative path to text.
        entry: The file of ``files`` that is run first.
        path: That file in the problem folder.
    """

    name: str
    files: Mapping[str, str]
    entry: str
    path: Path

    @property
    def source(self) -> str:
        """Text of the entry file."""
        return self.files[self.entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem folder that was read and checked; nothing in it has been run.

    Attributes:
        name: What the run calls it; the folder's name unless another was asked for.
        folder: Absolute path of the folder. Programs and ``validate.py`` can import modules that lie in it.
        task_description: The task in words, for people and prompts.
        metrics: The specs of ``metrics.yaml``.
        initial_programs: Sorted by name; none where a language model is to write them.
        settings: What ``problem.yaml`` says; the defaults where there is none.
        has_context: Whether ``context.py`` makes a value that is handed to programs and ``validate``.
        has_helper: Whether ``helper.py`` exists.
        has_harness: Whether ``harness.py`` says how a program is exercised.
        genome: What ``genome.yaml`` asks of every program; None where there is none.
        has_verify: Whether ``verify.py`` checks anew, and more strictly, what would become the best.
        driver: Text of ``driver.py``, which calls a program from outside; None where there is none.
        preload: Modules to import once before programs are forked, sorted: those of the settings, and what
            the initial programs use of numpy and scipy.
        workload: What ``benchmark.py`` has programs timed on; None where there is none.
    """

    name: str
    folder: Path
    task_description: str
    metrics: Metrics
    initial_programs: tuple[InitialProgram, ...]
    settings: ProblemSettings
    has_context: bool
    has_helper: bool
    has_harness: bool
    has_verify: bool = False
    driver: str | None = None
    preload: tuple[str, ...]
    genome: CodeGenome | None = None
    workload: Workload | None = None

    @property
    def language(self) -> Language:
        """What programs are written in."""
        return LANGUAGES[self.settings.language]

    @property
    def command(self) -> tuple[tuple[str, ...], ...]:
        """How a program is run, one command after the other; empty where its ``entrypoint`` is called."""
        return self.settings.command

    @property
    def allow(self) -> frozenset[str]:
        """What programs need of the sandbox: what the settings name, and what a command needs."""
        own = frozenset(self.settings.sandbox.allow)
        return own | {"processes", "executables"} if self.command else own

    @property
    def returns_its_answer(self) -> bool:
        """Whether the output that is validated is what a program's own ``entrypoint`` returns, so that a program that
        returns an output written out would have the same one."""
        return not (self.has_harness or self.driver is not None or self.command)

    @property
    def call(self) -> str:
        """How a program is called and what it answers, one or two sentences for people and language models."""
        if self.command:
            last = " ".join(self.command[-1])
            given = "the context as JSON on standard input" if self.has_context else "nothing on standard input"
            return f"`{last}` runs the program, with {given}. It prints its answer, one JSON value, to standard output."
        if self.has_harness:
            return f"`{ENTRYPOINT}` is called by a harness, as the task says."
        if self.driver is not None:
            return f"`{ENTRYPOINT}(request)` is called again and again; what it returns is the answer to each request."
        return f"`{ENTRYPOINT}({'context' if self.has_context else ''})` is called once and returns the answer."

    @property
    def without_start(self) -> str:
        """What to tell whoever runs this problem without a language model; empty where it can be run so."""
        if self.initial_programs:
            return ""
        path = self.folder / INITIAL_PROGRAMS / self.language.main_file
        return f"problem '{self.name}' has no initial programs; write {path}, or have a language model do it (llm=...)"

    @property
    def digest(self) -> str:
        """Digest of all that measuring a program may depend on: the preloaded modules' names, and each file of the
        folder but for the task in words, the initial programs, ``verify.py``, byte code and what is hidden by a dot.
        Read anew at each use. What lies outside of the folder is not in it."""
        whole = hashlib.blake2b(repr(self.preload).encode(), digest_size=16)
        for path in sorted(self.folder.rglob("*")):
            inside = path.relative_to(self.folder)
            by_the_way = any(part.startswith((".", "__pycache__")) for part in inside.parts)
            if inside.parts[0] in _UNMEASURED or by_the_way or not path.is_file():
                continue
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "blake2b").digest()
            whole.update(str(inside).encode("utf-8", "surrogateescape") + b"\0" + content)
        return whole.hexdigest()

    @property
    def validate_path(self) -> Path:
        """The file that defines ``validate``."""
        return self.folder / VALIDATE_FILE
