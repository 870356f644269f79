"""Those who are told how a strategy gets on, and may stop it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TextIO

from gigaevo.optimize.arguments import brief, is_count

if TYPE_CHECKING:
    from gigaevo.optimize.strategy.strategy import Strategy

# Hooks that are called within generations: a reporter that has one of them keeps the loop in Python.
GENERATION_HOOKS = (
    "on_selection_complete",
    "on_new_generation",
    "on_extension_event",
    "on_crossover_complete",
    "on_mutation_complete",
    "on_generation_complete",
    "on_new_best_chromosome",
    "on_new_best_chromosome_equal_fitness",
)


class StrategyReporter:
    """Hears of everything and does nothing: overwrite the hooks that matter.

    Each hook is given the strategy, whose ``state`` and ``genotype`` may be looked at. One that returns True stops the
    run: the generation is finished, then it ends for the reason "reporter", whatever ``valid_fitness_score`` says.
    """

    def on_enter(self, strategy: Strategy) -> object:
        """Before anything is done; there is no state yet. True ends the run with the start population."""

    def on_start(self, strategy: Strategy) -> object:
        """The start population is evaluated."""

    def on_selection_complete(self, strategy: Strategy) -> object:
        """The population is cut to its size."""

    def on_new_generation(self, strategy: Strategy) -> object:
        """A new generation: just after selection, the most interesting point of the loop."""

    def on_extension_event(self, strategy: Strategy) -> object:
        """The extension was carried out."""

    def on_crossover_complete(self, strategy: Strategy) -> object:
        """Offspring joined the population."""

    def on_mutation_complete(self, strategy: Strategy) -> object:
        """Offspring were mutated."""

    def on_new_best_chromosome(self, strategy: Strategy) -> object:
        """The best score became better."""

    def on_new_best_chromosome_equal_fitness(self, strategy: Strategy) -> object:
        """Another chromosome of the best score took the place of the best."""

    def on_generation_complete(self, strategy: Strategy) -> object:
        """All of the generation is done; here a state may be saved."""

    def on_finish(self, strategy: Strategy) -> object:
        """The loop ended."""

    def on_exit(self, strategy: Strategy) -> object:
        """The very last."""


class EvolveReporterSimple(StrategyReporter):
    """Writes a line every ``period`` generations, and one for each better score.

    Args:
        period: Generations between lines, at least 1.
        show_genes: Whether lines about the best show its genes.
        show_equal_fitness: Whether there is a line when another chromosome of the best score takes its place.
        file: Where lines go; None: standard output.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    def __init__(
        self,
        period: int = 100,
        *,
        show_genes: bool = False,
        show_equal_fitness: bool = False,
        file: TextIO | None = None,
    ) -> None:
        if not is_count(period):
            raise ValueError(f"period is {period!r}, expected a number of generations from 1")
        self.period = period
        self.show_genes = show_genes
        self.show_equal_fitness = show_equal_fitness
        self._file = file

    def __repr__(self) -> str:
        return f"{type(self).__name__}(period={self.period})"

    def on_enter(self, strategy: Strategy) -> None:
        self._write(f"enter - {type(strategy).__name__} on {brief(strategy.genotype)}")

    def on_new_generation(self, strategy: Strategy) -> None:
        state = strategy.state
        if state.current_generation % self.period:
            return
        cardinality = "" if state.population_cardinality is None else f", cardinality {state.population_cardinality}"
        self._write(
            f"generation {state.current_generation} - best {strategy.best_fitness_score}, stale for "
            f"{state.stale_generations}, scale {state.scale}, population {len(state.population)}{cardinality}"
        )

    def on_extension_event(self, strategy: Strategy) -> None:
        self._write(
            f"generation {strategy.state.current_generation} - extension, {len(strategy.state.population)} left"
        )

    def on_new_best_chromosome(self, strategy: Strategy) -> None:
        self._best(strategy, "new best")

    def on_new_best_chromosome_equal_fitness(self, strategy: Strategy) -> None:
        if self.show_equal_fitness:
            self._best(strategy, "equal best")

    def on_exit(self, strategy: Strategy) -> None:
        state = strategy.state
        self._write(
            f"exit - {state.stop_reason} after {state.current_generation} generations and {state.evaluations} "
            f"evaluations, best {strategy.best_fitness_score} in generation {state.best_generation}"
        )
        if strategy.fitness_cache is not None:
            self._write(f"exit - {strategy.fitness_cache}, hit rate {strategy.fitness_cache.hit_rate:.1%}")

    def _best(self, strategy: Strategy, what: str) -> None:
        genes = f", genes {strategy.best_genes}" if self.show_genes else ""
        self._write(f"generation {strategy.state.current_generation} - {what} {strategy.best_fitness_score}{genes}")

    def _write(self, line: str) -> None:
        (self._file or sys.stdout).write(line + "\n")


class EvolveReporterDuration(StrategyReporter):
    """Writes at the end how long each part of the loop took.

    Args:
        file: Where lines go; None: standard output.
    """

    def __init__(self, file: TextIO | None = None) -> None:
        self._file = file

    def on_exit(self, strategy: Strategy) -> None:
        durations = strategy.state.durations
        total = sum(durations.values())
        out = self._file or sys.stdout
        for action, seconds in sorted(durations.items(), key=lambda item: -item[1]):
            out.write(f"{action}: {seconds:.6f} s, {seconds / total if total else 0.0:.1%}\n")
        out.write(f"total: {total:.6f} s\n")


def watches_generations(reporter: Any) -> bool:
    """Whether ``reporter`` overwrites a hook that is called within generations."""
    kind = type(reporter)
    return any(getattr(kind, name, None) is not getattr(StrategyReporter, name) for name in GENERATION_HOOKS)
