"""The stages of a pipeline as a graph: who comes after whom, and whether it all fits together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from itertools import combinations

from gigaevo.evaluation.condition import Condition
from gigaevo.evaluation.stage import Stage
from gigaevo.programs import Metrics

DESCENDANTS = "descendants"  # the input that holds a program's children
ANCESTORS = "ancestors"  # the input that holds its first parent, that one's first parent and so on


class PipelineError(ValueError):
    """The stages do not form a pipeline; the message names the stage."""


class StageGraph:
    """Stages in an order in which they can run, with the conditions under which they do.

    Args:
        stages: In any order.
        metrics: The problem's metrics; None where they are not known, so that names of metrics are not checked.

    Raises:
        PipelineError: See ``gigaevo.evaluation.pipeline.Pipeline``.

    Attributes:
        order: The stages, each after those that it requires; else as they were given.
        required: By stage, those that must have succeeded.
        before: By stage, all that come before it, directly or not, in ``order``.
        conditions: By stage, what metrics must be.
    """

    def __init__(self, stages: Sequence[Stage], metrics: Metrics | None) -> None:
        self._stages = _by_name(stages)
        for stage in stages:
            _check_settings(stage)
        self.required = {stage.name: tuple(dict.fromkeys([*stage.takes, *stage.requires])) for stage in stages}
        for stage in stages:
            self._check_required(stage)
            self._check_types(stage)
        self.order = self._in_order()
        self.before = self._all_before()
        self._check_measures()
        self.conditions = {stage.name: self._conditions_of(stage, metrics) for stage in stages}

    def _check_required(self, stage: Stage) -> None:
        for name in self.required[stage.name]:
            if name not in self._stages:
                raise PipelineError(
                    f"stage '{stage.name}' requires '{name}', which is not in the pipeline{_hint(name, self._stages)}"
                )
            required = self._stages[name]
            if stage.depends_on_descendants and not required.depends_on_descendants:
                raise PipelineError(
                    f"stage '{stage.name}' depends on descendants and requires '{name}', which a refresh does not run; "
                    "it may require only stages that depend on descendants too"
                )
            if required.depends_on_descendants and not stage.depends_on_descendants:
                raise PipelineError(
                    f"stage '{stage.name}' requires '{name}', whose result changes with the program's descendants; "
                    "set its depends_on_descendants as well"
                )

            if stage.for_parents != required.for_parents:
                one, other = ("is", "is not") if stage.for_parents else ("is not", "is")
                raise PipelineError(
                    f"stage '{stage.name}' {one} for parents and requires '{name}', which {other}: "
                    "they are run at different times"
                )

    def _check_types(self, stage: Stage) -> None:
        for name, kind in stage.takes.items():
            given = self._stages[name].gives
            if given is None:
                raise PipelineError(f"stage '{stage.name}' takes {kind.__name__} from '{name}', which gives nothing")
            if not issubclass(given, kind):
                raise PipelineError(
                    f"stage '{stage.name}' takes {kind.__name__} from '{name}', which gives {given.__name__}"
                )

    def _in_order(self) -> list[Stage]:
        sorter = TopologicalSorter(self.required)
        try:
            sorter.prepare()
        except CycleError as error:
            raise PipelineError(f"stages require each other: {' -> '.join(error.args[1])}") from None
        order: list[Stage] = []
        while sorter.is_active():
            ready = sorter.get_ready()
            order += [self._stages[name] for name in self._stages if name in ready]
            sorter.done(*ready)
        return order

    def _all_before(self) -> dict[str, list[str]]:
        before: dict[str, set[str]] = {}
        for stage in self.order:
            direct = self.required[stage.name]
            before[stage.name] = set(direct).union(*(before[name] for name in direct))
        return {name: [stage.name for stage in self.order if stage.name in earlier] for name, earlier in before.items()}

    def _check_measures(self) -> None:
        """Of two stages that measure the same the later one's word counts; it must be known which one that is."""
        for first, second in combinations(self.order, 2):
            shared = set(first.measures) & set(second.measures)
            if shared and first.name not in self.before[second.name]:
                raise PipelineError(
                    f"stages '{first.name}' and '{second.name}' both measure '{min(shared)}'; "
                    "let one require the other, and its word counts"
                )

    def _conditions_of(self, stage: Stage, metrics: Metrics | None) -> list[Condition]:
        conditions = []
        for given in stage.when:
            try:
                condition = Condition.of(given)
            except ValueError as error:
                raise PipelineError(f"stage '{stage.name}', when: {error}") from None
            if not self.before[stage.name]:
                raise PipelineError(f"stage '{stage.name}' has conditions and requires no stage that could meet them")
            if metrics is not None:
                self._check_is_measured(stage, condition.metric, metrics)
                condition = condition.in_terms_of(metrics)
            elif condition.reaches is not None:
                raise PipelineError(
                    f"stage '{stage.name}', when: 'reaches' goes by the problem's directions, which are not known; "
                    "give the pipeline 'problem: ${ref:problem}', or write at_least or at_most"
                )
            conditions.append(condition)
        return conditions

    def _check_is_measured(self, stage: Stage, metric: str, metrics: Metrics) -> None:
        own = {name for earlier in self.before[stage.name] for name in self._stages[earlier].measures}
        if metric not in own and metric not in metrics.specs:
            raise PipelineError(
                f"stage '{stage.name}', when: nobody measures '{metric}'{_hint(metric, {*own, *metrics.specs})}"
            )


def _by_name(stages: Sequence[Stage]) -> dict[str, Stage]:
    for stage in stages:
        if not isinstance(getattr(stage, "name", None), str):
            raise PipelineError(f"a {type(stage).__name__} has no name; set 'name' in its class or give it one")
    names = [stage.name for stage in stages]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise PipelineError(f"two stages are called '{twice}'; give each a name of its own")
    for reserved in (DESCENDANTS, ANCESTORS):
        if reserved in names:
            raise PipelineError(f"a stage is called '{reserved}', which is the name of an input; give it another")
    return dict(zip(names, stages, strict=True))


def _check_settings(stage: Stage) -> None:
    """Check what may be set of any stage."""
    if isinstance(stage.requires, str):
        raise PipelineError(f"stage '{stage.name}': requires must be a list, such as [{stage.requires}]")
    if isinstance(stage.when, str | Mapping):
        raise PipelineError(f"stage '{stage.name}': when must be a list of conditions; found {stage.when!r}")
    retries, timeout = stage.retries, stage.timeout_s
    if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
        raise PipelineError(f"stage '{stage.name}': retries must be a whole number from 0; found {retries!r}")
    if timeout is not None and (isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0):
        raise PipelineError(f"stage '{stage.name}': timeout_s must be seconds above 0, or null; found {timeout!r}")
    if not isinstance(stage.cached, bool):
        raise PipelineError(f"stage '{stage.name}': cached must be true or false; found {stage.cached!r}")
    if stage.cached and stage.depends_on_descendants:
        raise PipelineError(f"stage '{stage.name}' depends on descendants and cannot be cached")
    if stage.for_parents:
        _check_for_parents(stage)


def _check_for_parents(stage: Stage) -> None:
    """Check that a stage for parents is nothing that only an evaluation can be."""
    for is_so, what in (
        (stage.depends_on_descendants, "depend on descendants as well"),
        (stage.cached, "be cached: it goes by the program's ancestors"),
        (bool(stage.measures), "measure anything: metrics are those of the evaluation"),
    ):
        if is_so:
            raise PipelineError(f"stage '{stage.name}' is for parents and cannot {what}")


def _hint(name: str, known: Mapping[str, object] | set[str]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""
