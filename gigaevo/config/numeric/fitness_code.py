"""The functions of a problem's ``fitness.py``, in this process and in others."""

from __future__ import annotations

import importlib
import importlib.util
import pickle
import re
import sys
import traceback
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.config.errors import did_you_mean, one_line
from gigaevo.config.numeric.genotypes import GenomeForm
from gigaevo.kernels.random import RandomStream
from gigaevo.optimize.arguments import brief
from gigaevo.optimize.search.fitness import FitnessError, NativeFitness
from gigaevo.problems.errors import ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType, ModuleType

    from numpy.typing import NDArray

    from gigaevo.optimize.genotypes import Genotype
    from gigaevo.problems import NumericProblem

_MODULE = "problem_fitness"


class ProblemFitness:
    """``fitness`` of a problem, which is called with one genome in the form that the problem asks for.

    To other processes it goes as the path of its file, and is a ``SentFitness`` there.

    Args:
        path: The file.
        form: Of genomes.
        alone: Whether the fitness alone is wanted of the (fitness, behaviours) that the function gives.
    """

    def __init__(self, path: Path, form: GenomeForm, alone: bool) -> None:
        self._path = path
        self._form = form
        self._alone = alone
        self._function: Callable[[Any], Any] | None = None

    def __call__(self, genome: NDArray[Any]) -> Any:
        if self._function is None:
            self._function = module_of(self._path).fitness
        found = self._function(self._form.given(genome))
        return _alone(found) if self._alone and found is not None else found

    def __reduce__(self) -> tuple[Any, ...]:
        return SentFitness, (self._path, self._form, self._alone)


class SentFitness(ProblemFitness):
    """A ``ProblemFitness`` in another process, which says in words what it cannot send back. A pool would send an error
    of its own instead, or break."""

    def __call__(self, genome: NDArray[Any]) -> Any:
        try:
            found = super().__call__(genome)
        except BaseException as error:
            if _can_be_sent(error):
                raise
            raise FitnessError(f"the fitness function raised {_told(error)} for genome {genome}") from error
        if not isinstance(found, float) and not _can_be_sent(found):
            raise FitnessError(f"the fitness of genome {genome} is {brief(found)}, expected numbers")
        return found


def _can_be_sent(thing: object) -> bool:
    """Whether another process gets what this one sends; an exception whose class wants more than a message is lost."""
    try:
        pickle.loads(pickle.dumps(thing))
    except Exception:
        return False
    return True


def fitness_of(problem: NumericProblem, form: GenomeForm, *, behaviors: bool) -> Any:
    """What ``Optimizer.run`` calls: a native function, one of a batch, or a ``ProblemFitness`` whose file was run.

    Args:
        problem: The problem.
        form: Of genomes.
        behaviors: Whether behaviours are wanted, where the problem has some.

    Raises:
        ProblemError: The file cannot be run, or there is no native function of that name.
    """
    described = problem.fitness
    path = described.path
    found = getattr(module_of(path), "fitness_batch" if described.batch else "fitness", None)
    if isinstance(found, str):
        return _native(found, path)
    if isinstance(found, NativeFitness):
        return found
    if not callable(found):
        what = "'fitness_batch'" if described.batch else "'fitness'"
        raise ProblemError(f"{what} is {one_line(repr(found))[:80]}, which cannot be called", path=path)
    alone = bool(problem.behavior_keys) and not behaviors
    if not described.batch:
        return ProblemFitness(path, form, alone)
    batch: Callable[[Any], Any] = found
    return (lambda genomes: _alone(batch(genomes))) if alone else batch


def _alone(found: Any) -> Any:
    """The fitness of (fitness, behaviours), for an algorithm that has no use for behaviours."""
    if not (isinstance(found, (tuple, list)) and len(found) == 2):
        raise TypeError(f"it gave {one_line(repr(found))[:80]}, expected (fitness, behaviours)")
    return found[0]


def report_of(problem: NumericProblem, genome: Any) -> dict[str, float]:
    """What the problem's ``report`` measures of a genome.

    Raises:
        ProblemError: It raised, or gave something else than numbers by the names of metrics.
    """
    path = problem.fitness.path
    try:
        found = module_of(path).report(genome)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        told = f"wanted to end the process: {error!r}" if isinstance(error, SystemExit) else f"raised {_told(error)}"
        raise ProblemError(f"report {told}", path=path, line=line_of(error, path)) from error
    wrong = not isinstance(found, dict) or not all(isinstance(key, str) for key in found)
    if wrong:
        raise ProblemError(f"report returned {one_line(repr(found))[:80]}; return a dict of numbers by name", path=path)
    unknown = [key for key in found if key not in problem.metrics.declared]
    if unknown:
        hint = did_you_mean(unknown[0], problem.metrics.declared)
        raise ProblemError(f"report names '{unknown[0]}', which metrics.yaml does not declare{hint}", path=path)
    try:
        return {key: float(value) for key, value in found.items()}
    except (TypeError, ValueError) as error:
        raise ProblemError(f"report gave something else than numbers: {_told(error)}", path=path) from error


def module_of(path: Path) -> ModuleType:
    """The module that ``fitness.py`` makes; it is run unless it was.

    Raises:
        ProblemError: That raised.
    """
    module = sys.modules.get(_MODULE)
    if module is not None and module.__file__ == str(path):
        return module
    spec = importlib.util.spec_from_file_location(_MODULE, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[_MODULE] = module  # before it is run: its own classes look for it there
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        told = f"it ended with {error!r}" if isinstance(error, SystemExit) else _told(error)
        raise ProblemError(f"cannot be imported: {told}", path=path, line=line_of(error, path)) from error
    return module


def _native(name: str, path: Path) -> NativeFitness:
    from gigaevo.optimize.functions import NAMES, by_name

    try:
        return by_name(name)
    except ValueError as error:
        raise ProblemError(f"'fitness': {error}{did_you_mean(name, NAMES)}", path=path) from error
    except TypeError:
        told = f"import it, and give it what it needs: 'fitness = functions.{name}(...)'"
        raise ProblemError(f"'fitness' names '{name}', which has parameters; {told}", path=path) from None


def check_native(fitness: NativeFitness, problem: NumericProblem, genotype: Genotype) -> None:
    """Check that a compiled function is for such genomes and goes in the direction of the metric.

    Raises:
        ProblemError: It does not.
    """
    path, name = problem.fitness.path, fitness.name
    if fitness.objectives != len(problem.objectives):
        told = f"'{name}' has {fitness.objectives} objectives, and the problem has {len(problem.objectives)}"
        raise ProblemError(f"{told}; name as many under objectives in problem.yaml", path=path)
    if problem.behavior_keys:
        raise ProblemError(f"'{name}' gives no behaviours; remove behavior_keys, or write 'def fitness'", path=path)
    for key, more in zip(problem.objectives, problem.maximize, strict=True):
        if fitness.maximize != more:
            direction = str(fitness.maximize).lower()
            told = f"'{name}' is {'maximised' if fitness.maximize else 'minimised'}"
            raise ProblemError(f"{told}; set higher_is_better: {direction} of '{key}' in metrics.yaml", path=path)
    try:
        fitness.evaluate(genotype.decode(genotype.random(1, RandomStream(np.random.SeedSequence(0)))))
    except (ValueError, TypeError) as error:
        raise ProblemError(f"'{name}' is not for these genomes: {one_line(error)}", path=path) from error


def line_of(error: BaseException, path: Path) -> int | None:
    """The innermost line of the file that led to the error; None where none did.

    An error from another process has lost its frames; their text is what caused it.
    """
    link: BaseException | None = error
    while link is not None:
        lines = [number for frame, number in traceback.walk_tb(link.__traceback__) if _is_in(frame, path)]
        lines = lines or [
            int(number) for number in re.findall(rf'File "{re.escape(str(path))}", line (\d+)', str(link))
        ]
        if lines:
            return lines[-1]
        link = link.__cause__
    return None


def _is_in(frame: FrameType, path: Path) -> bool:
    return frame.f_code.co_filename == str(path)


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {one_line(error)}".removesuffix(": ")


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Let ``fitness.py`` import what lies beside it, also late; afterwards none of these modules is known any more."""
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    before = set(sys.modules)
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop(_MODULE, None)
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file is not None and folder in Path(file).parents:
                del sys.modules[name]


def fault_of(error: BaseException, problem: NumericProblem) -> ProblemError:
    """What ended a search, in one line that names the file."""
    path = problem.fitness.path
    if isinstance(error.__cause__, BrokenExecutor) or isinstance(error, BrokenExecutor):
        return ProblemError("a process that evaluated a genome ended abruptly (killed, or out of memory?)", path=path)
    if not isinstance(error, Exception):
        ends = isinstance(error, SystemExit)
        told = f"wanted to end the process: {error!r}" if ends else f"raised {_told(error)}"
        return ProblemError(f"the fitness function {told}", path=path, line=line_of(error, path))
    return ProblemError(str(error), path=path, line=line_of(error, path))
