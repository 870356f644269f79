"""Parameters of strategies by several measures: ``evolve_nsga2`` of the ``evolutionary_optimizer`` document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.optimize.algorithms.nsga2 import NSGA2
from gigaevo.optimize.arguments import check_truths, check_whole
from gigaevo.optimize.parameter_search.backtesting import backtest as event_loop
from gigaevo.optimize.parameter_search.parameters import genotype_of, params_of
from gigaevo.optimize.parameter_search.pipeline_fitness import Metrics, Once, PipelineFitness
from gigaevo.optimize.parameter_search.walk_forward import split
from gigaevo.optimize.populations.convergence import check_convergence, population_diversity
from gigaevo.optimize.populations.pareto import hypervolume
from gigaevo.optimize.records import Record
from gigaevo.optimize.search.fitness import Evaluator

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from gigaevo.optimize.genotypes import MultiRangeGenotype
    from gigaevo.optimize.parameter_search.parameters import ParamBound
    from gigaevo.optimize.search.result import Result
    from gigaevo.optimize.seeds import Seed

DIRECTIONS = {"maximize": True, "minimize": False}


@dataclass(frozen=True, repr=False)
class ParetoResult(Record):
    """What ``evolve_nsga2`` found. Answers to attributes and to items.

    Attributes:
        pareto_front: Solutions of which none dominates another, the best in the first objective first: dictionaries
            with ``params``, ``genome``, ``objectives`` by name in the user's own sign and, where data was held out,
            ``held_out`` with the same names.
        generations: That were made.
        evaluations: Backtests that were asked for; equal parameters are tested once.
        converged: Whether the front stalled before the last generation.
        reason: What ended it, in words.
        history: Hypervolume of the front after each generation, beyond the worst of the first generation; as a share of
            what the first generation spans.
        seed: What it was seeded with.
    """

    pareto_front: list[dict[str, Any]]
    generations: int
    evaluations: int
    converged: bool
    reason: str
    history: list[float] = field(default_factory=list)
    seed: int | list[int] | None = None

    def __repr__(self) -> str:
        return (
            f"ParetoResult(front of {len(self.pareto_front)}, ended by {self.reason!r} after {self.generations} "
            f"generations, {self.evaluations} evaluations, seed={self.seed})"
        )


def evolve_nsga2(
    data: Any,
    pipeline_factory: Callable[[dict[str, Any]], Any],
    param_bounds: Sequence[ParamBound | Mapping[str, Any]],
    objectives: Sequence[Mapping[str, str]],
    pop_size: int = 50,
    generations: int = 100,
    early_stopping: bool = True,
    patience: int = 20,
    fraction_train: float = 1.0,
    *,
    seed: Seed = None,
    backtest: Callable[[Any, Any], Any] = event_loop,
    min_improvement: float = 1e-4,
    executor: Executor | None = None,
) -> ParetoResult:
    """Evolve parameters by NSGA-II, and return those that nothing beats in all objectives at once.

    Args:
        data: What the backtest takes, in order of time.
        pipeline_factory: Makes a pipeline of parameters by name; whole numbers come as ``int``.
        param_bounds: ``ParamBound`` or dictionaries with ``name``, ``min``, ``max`` and perhaps ``discrete``.
        objectives: Two or more dictionaries with ``metric``, a name in the backtest's result, and ``direction``,
            "maximize" or "minimize".
        pop_size: Individuals, at least 2.
        generations: At most, the random first one included.
        early_stopping: Whether to end when the front has stalled or the population has collapsed.
        patience: Generations in a row without a larger hypervolume that end it.
        fraction_train: Share of the data that is optimised on. The document has no such argument and holds nothing
            out, so that no solution of its front dominates another; below 1 each is judged on the rest as well.
        seed: The one source of randomness; None: another search each time.
        backtest: Function of (data, pipeline) in place of our own.
        min_improvement: Gain of the hypervolume, as a share of what the first generation spans, that counts.
        executor: Tests parameters in parallel, if given.

    Raises:
        ValueError: An argument is out of its range; the message names it.
        FitnessError: The factory or the backtest raised; the message names the parameters.
    """
    for name, value, least in (("pop_size", pop_size, 2), ("generations", generations, 1)):
        check_whole(name, value, least)
    check_truths(early_stopping=early_stopping)
    names, maximize = _read(objectives)
    genotype = genotype_of(param_bounds)
    train, held_out = split(data, fraction_train)
    metrics = Metrics(names)
    search = NSGA2(genotype, population_size=pop_size, maximize=maximize, seed=seed)
    evaluate = Evaluator(
        PipelineFitness(train, pipeline_factory, genotype, backtest, metrics),
        objectives=len(names),
        executor=None if executor is None else Once(executor),
    )
    watch = _Watch(genotype, patience if early_stopping else None, min_improvement)
    reason = "generations"
    for _ in range(generations):
        search.step(evaluate, pop_size, 1, np.inf)
        stalled = watch.stalled(search)
        if stalled:
            reason = stalled
            break
    result = search.result(reason)
    test = PipelineFitness(held_out, pipeline_factory, genotype, backtest, metrics) if fraction_train < 1.0 else None
    return ParetoResult(
        pareto_front=_solutions(result, names, maximize, genotype, test),
        generations=result.generations,
        evaluations=result.evaluations,
        converged=reason != "generations",
        reason=reason,
        history=watch.volumes,
        seed=result.seed,
    )


def _read(objectives: Sequence[Mapping[str, str]]) -> tuple[list[str], list[bool]]:
    """Metrics, and whether each is maximised.

    Raises:
        ValueError: There are fewer than two, a key is missing or unknown, or a metric is there twice.
    """
    if isinstance(objectives, (str, Mapping)) or not isinstance(objectives, Sequence):
        raise ValueError(f"objectives is {objectives!r}, expected a list of dictionaries with metric and direction")
    if len(objectives) < 2:
        raise ValueError(f"objectives has {len(objectives)} entries, expected 2 or more; evolve() is for one")
    names, maximize = [], []
    for index, given in enumerate(objectives):
        if not isinstance(given, Mapping) or set(given) != {"metric", "direction"}:
            raise ValueError(f"objectives[{index}] is {given!r}, expected the keys metric and direction")
        if not isinstance(given["metric"], str):
            raise ValueError(f"objectives[{index}] has metric {given['metric']!r}, expected the name of a metric")
        if not isinstance(given["direction"], str) or given["direction"] not in DIRECTIONS:
            raise ValueError(f"objectives[{index}] has direction {given['direction']!r}, expected maximize or minimize")
        if given["metric"] in names:
            raise ValueError(f"objectives[{index}] is {given['metric']!r} again; metrics must differ")
        names.append(given["metric"])
        maximize.append(DIRECTIONS[given["direction"]])
    return names, maximize


class _Watch:
    """Whether a front still grows.

    Args:
        genotype: The parameters.
        patience: Generations without growth that are enough; None: never.
        min_improvement: Growth that counts.
    """

    def __init__(self, genotype: MultiRangeGenotype, patience: int | None, min_improvement: float) -> None:
        self.volumes: list[float] = []
        self._genotype = genotype
        self._patience = patience
        self._min_improvement = min_improvement
        self._corner: NDArray[np.float64] | None = None
        self._span: NDArray[np.float64] = np.ones(1)
        self._stale = 0
        if patience is not None:
            check_convergence(0.0, 1.0, 0.0, 0, patience, min_improvement)  # says what is out of range

    def stalled(self, search: NSGA2) -> str:
        """Why the search should end after this generation; empty while it should not."""
        codes, merits = search.population
        valid = 0.5 * merits[np.isfinite(merits).all(axis=1)]  # halves: of these every difference is a float64
        if self._corner is None and len(valid):
            self._corner = valid.min(axis=0)
            span = valid.max(axis=0) - self._corner
            self._span = np.where(span > 0.0, span, 0.5)
        volume = float("nan")
        if self._corner is not None:
            volume = hypervolume((valid - self._corner) / self._span, np.zeros(valid.shape[1]))
        before = self.volumes[-1] if self.volumes else float("nan")
        self.volumes.append(volume)
        if self._patience is None:
            return ""
        diversity = population_diversity(self._genotype.shares(codes))
        state = check_convergence(volume, diversity, before, self._stale, self._patience, self._min_improvement)
        self._stale = state.gens_without_improvement
        return state.reason


def _solutions(
    result: Result,
    names: list[str],
    maximize: list[bool],
    genotype: MultiRangeGenotype,
    held_out: PipelineFitness | None,
) -> list[dict[str, Any]]:
    """The solutions of a front, each once, the best in the first objective first."""
    genomes, fitness = result.genomes[result.front], result.fitness[result.front]
    found: dict[bytes, dict[str, Any]] = {}
    order = np.argsort(-fitness[:, 0] if maximize[0] else fitness[:, 0], kind="stable")
    for genome, values in zip(genomes[order], fitness[order], strict=True):
        if genome.tobytes() in found:
            continue
        solution = {
            "params": params_of(genotype, genome),
            "genome": genome.tolist(),
            "objectives": dict(zip(names, values.tolist(), strict=True)),
        }
        if held_out is not None:
            solution["held_out"] = dict(zip(names, held_out(genome), strict=True))
        found[genome.tobytes()] = solution
    return list(found.values())
