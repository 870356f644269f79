"""Fitness functions of users, and what may go wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

import numpy as np

from gigaevo.optimize.arguments import brief, in_one_line, shortened

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor, Future

    from numpy.typing import NDArray

    Values: TypeAlias = NDArray[np.float64]


FLOAT = np.dtype(np.float64)


@runtime_checkable
class NativeFitness(Protocol):
    """A compiled fitness function, such as ``gigaevo.optimize.functions.rastrigin``.

    Attributes:
        name: How it is called.
        maximize: The direction in which it is a problem.
        objectives: Numbers it gives for a genome.
    """

    name: str
    maximize: bool
    objectives: int

    def evaluate(self, genomes: NDArray[Any]) -> Values:
        """Values of ``genomes``, shape (n,), or (n, objectives) where there are several."""


class FitnessError(ValueError):
    """A fitness function raised, or gave back something that is no fitness."""


class Evaluator:
    """Calls a fitness function on genomes, and checks what comes back.

    Args:
        fitness: Of one genome, shape (genes_size,), or of all at once, shape (n, genes_size), or native.
        vectorized: Whether it takes all at once.
        objectives: Numbers it must give for a genome; 1 means a plain number.
        behaviors: Behaviour descriptors that it must give as well, as (fitness, behaviours); 0: none.
        executor: Where genomes are evaluated one by one in parallel, if given.

    The function sees a read-only view: numpy refuses to change it, and the error says so. None, NaN and infinities are
    no fitness: the genome is invalid; so it is where one of several objectives or behaviours is none. An array of the
    wrong shape, a text or an exception is a ``FitnessError`` that names the row.
    """

    def __init__(
        self,
        fitness: Callable[..., Any] | NativeFitness,
        *,
        vectorized: bool = False,
        objectives: int = 1,
        behaviors: int = 0,
        executor: Executor | None = None,
    ) -> None:
        if isinstance(fitness, type) and isinstance(fitness, NativeFitness):
            raise TypeError(
                f"fitness is the class {fitness.__name__}, expected an object of it: {fitness.__name__}(...)"
            )
        self.native = fitness if isinstance(fitness, NativeFitness) else None
        if self.native is None and not callable(fitness):
            raise TypeError(f"fitness is {fitness!r}, expected a function or one of gigaevo.optimize.functions")
        if self.native is not None and (self.native.objectives != objectives or behaviors):
            raise ValueError(
                f"{self.native.name} has {self.native.objectives} objectives and no behaviours, "
                f"the search has {objectives} and {behaviors}"
            )
        if executor is not None and not callable(getattr(executor, "submit", None)):
            raise TypeError(f"executor is {executor!r}, expected one of concurrent.futures")
        if vectorized and executor is not None:
            raise ValueError("executor evaluates genomes one by one; vectorized=True takes all at once: choose one")
        self._fitness = fitness
        self._vectorized = vectorized
        self._objectives = objectives
        self._behaviors = behaviors
        self._executor = executor

    def __call__(self, genomes: NDArray[Any]) -> tuple[Values, Values | None]:
        """Evaluate ``genomes``.

        Args:
            genomes: Shape (n, genes_size).

        Returns:
            Fitness of shape (n,) or (n, objectives), NaN where there is none; and behaviours of shape (n, behaviors),
            or None.

        Raises:
            FitnessError: See above.
        """
        shape = (len(genomes),) if self._objectives == 1 else (len(genomes), self._objectives)
        genomes = genomes.view()
        genomes.setflags(write=False)
        if self.native is None and not self._vectorized:
            return self._one_by_one(genomes)
        evaluate: Any = self._fitness if self.native is None else self.native.evaluate
        try:
            given = evaluate(genomes)
        except Exception as error:
            raise FitnessError(f"the fitness function raised {described(error)}") from error
        return self._parted(given, shape)

    def _one_by_one(self, genomes: NDArray[Any]) -> tuple[Values, Values | None]:
        answers = self._in_turn(genomes) if self._executor is None else self._side_by_side(genomes, self._executor)
        if self._behaviors:
            return self._apart(answers)
        if self._objectives > 1:
            return self._several(answers), None
        return self._numbers(answers), None

    def _in_turn(self, genomes: NDArray[Any]) -> list[Any]:
        answers: list[Any] = []
        try:
            answers.extend(map(self._fitness, genomes))  # type: ignore[arg-type]
        except FitnessError:
            raise  # says all there is to say
        except Exception as error:
            raise self._raised(error, len(answers), genomes) from error
        if len(answers) < len(genomes):  # map takes it for its own end
            raise self._raised(StopIteration(), len(answers), genomes)
        return answers

    def _side_by_side(self, genomes: NDArray[Any], executor: Executor) -> list[Any]:
        from concurrent.futures import FIRST_EXCEPTION, wait

        calls: list[Future[Any]] = []
        answers: list[Any] = []
        row = 0
        try:
            calls.extend(executor.submit(self._fitness, genome) for genome in genomes)  # type: ignore[arg-type]
            wait(calls, return_when=FIRST_EXCEPTION)
            for row in range(len(calls)):
                if calls[row].done():  # where one has failed, the others may take for ever
                    answers.append(calls[row].result())
        except FitnessError:
            raise  # says all there is to say
        except Exception as error:
            raise self._raised(error, row, genomes) from error
        finally:
            for call in calls:
                call.cancel()
        return answers

    def _raised(self, error: Exception, row: int, genomes: NDArray[Any]) -> FitnessError:
        if self._executor is not None and "pickle" in str(error).lower():
            return FitnessError(
                f"executor cannot send the fitness function to another process: {error}; define it, and all it is "
                "made of, at the top level of a module, or use threads"
            )
        return FitnessError(
            f"the fitness function raised {described(error)} for genome {row}: {shortened(str(genomes[row]))}"
        )

    def _numbers(self, answers: list[Any]) -> Values:
        """The fitness of each genome, of one objective."""
        try:
            at_once = np.asarray(answers)
        except (TypeError, ValueError):  # sequences of different lengths among them
            at_once = np.empty(())
        if at_once.dtype.kind in "fiub" and at_once.ndim == 1:
            return at_once.astype(np.float64, copy=False)
        return np.array([number(answer, row) for row, answer in enumerate(answers)], np.float64)

    def _apart(self, answers: list[Any]) -> tuple[Values, Values]:
        """(fitness, behaviours) of each genome, as two arrays."""
        nowhere = [np.nan] * self._behaviors
        pairs = []
        for row, answer in enumerate(answers):
            if answer is None:
                answer = None, None
            if not (isinstance(answer, (tuple, list)) and len(answer) == 2):
                raise FitnessError(f"the fitness of genome {row} is {brief(answer)}, expected (fitness, behaviours)")
            pairs.append((answer[0], nowhere if answer[1] is None else answer[1]))
        values = self._numbers([value for value, _ in pairs])
        return values, self._rows([behavior for _, behavior in pairs], self._behaviors, "behaviour")

    def _several(self, answers: list[Any]) -> Values:
        empty = [np.nan] * self._objectives
        return self._rows([empty if answer is None else answer for answer in answers], self._objectives, "fitness")

    def _rows(self, rows: list[Any], width: int, name: str) -> Values:
        """What genomes gave one by one as an array of shape (n, width)."""
        try:
            return self._checked(rows, (len(rows), width), name)
        except FitnessError:
            for row, given in enumerate(rows):
                try:
                    self._checked(given, (width,), name)
                except FitnessError:
                    raise FitnessError(
                        f"the {name} of genome {row} is {brief(given)}, expected {width} number{'s' * (width > 1)}"
                    ) from None
            raise

    def _parted(self, given: Any, shape: tuple[int, ...]) -> tuple[Values, Values | None]:
        if not self._behaviors:
            return self._checked(given, shape, "fitness"), None
        if not (isinstance(given, tuple) and len(given) == 2):
            raise FitnessError(
                f"the fitness function returned {type(given).__name__}, expected a tuple (fitness, behaviours)"
            )
        values, behaviors = given
        return self._checked(values, shape, "fitness"), self._checked(
            behaviors, (shape[0], self._behaviors), "behaviour"
        )

    def _checked(self, given: Any, shape: tuple[int, ...], name: str) -> Values:
        if type(given) is np.ndarray and given.dtype is FLOAT and given.shape == shape:
            return given  # the usual case
        if given is None:
            raise FitnessError(f"the fitness function returned None, expected an array of shape {shape}")
        try:
            values = numbers_of(given)
        except (TypeError, ValueError, OverflowError) as error:
            raise FitnessError(f"the {name} is not an array of numbers: {error}") from error
        if values.shape != shape:
            raise FitnessError(f"the {name} has shape {values.shape}, expected {shape}")
        return values


def numbers_of(given: Any) -> Values:
    """``given`` as float64, itself where it is an array of that; NaN where it is None or masked.

    Raises:
        TypeError: It holds texts, dates or complex numbers, of which numpy would make numbers.
        ValueError: It is no array.
        OverflowError: A number is too large for float64.
    """
    values = np.asarray(given)
    if isinstance(given, np.ma.MaskedArray):
        values = np.where(np.ma.getmaskarray(given), np.nan, values)
    if values.dtype.kind in "cMmSU":
        raise TypeError(f"it is of the type {values.dtype}")
    return values.astype(np.float64, copy=False)


def number(answer: Any, row: int) -> float:
    """The fitness of one genome; NaN for None.

    Raises:
        FitnessError: It is no number.
    """
    if answer is None:
        return float("nan")
    try:
        if isinstance(answer, (str, bytes)):
            raise TypeError
        return float(answer)
    except (TypeError, ValueError, OverflowError):
        raise FitnessError(f"the fitness of genome {row} is {brief(answer)}, expected a number or None") from None


def described(error: Exception) -> str:
    """An exception in a line, with advice where the function changed its argument."""
    told = in_one_line(f"{type(error).__name__}: {error}") if str(error) else type(error).__name__
    if "read-only" in str(error):
        return told + " (a fitness function must not change its argument; work on a copy)"
    return told
