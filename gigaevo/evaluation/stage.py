"""A stage: one step of an evaluation, and what it finds out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict, TypeVar, Unpack

from gigaevo.evaluation.condition import Condition
from gigaevo.programs import Cost, Program, ProgramError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResult:
    """What one stage found out.

    Attributes:
        metrics: Numbers by name, added to the program's.
        artifacts: Short JSON values by name, added to the program's.
        output: The program's return value as wire text, from the stage that ran it.
        value: Handed to the stages that take from this one; where it is None, they are handed the output.
        error: Why the stage failed; stages that require it are then skipped.
        passing: Whether the error may be gone at another try: a process of ours died, say. Never what a program did.
        cost: What the stage took.
    """

    metrics: Mapping[str, float] = field(default_factory=dict)
    artifacts: Mapping[str, Any] = field(default_factory=dict)
    output: str | None = None
    value: Any = None
    error: ProgramError | None = None
    passing: bool = False
    cost: Cost | None = None

    @property
    def handed_on(self) -> Any:
        """What the stages that take from this one are handed."""
        return self.output if self.value is None else self.value


class Inputs(dict[str, StageResult]):
    """Results by stage, of those that a stage takes from or requires."""

    def value(self, stage: str, kind: type[T]) -> T:
        """What ``stage`` handed on, which is a ``kind``: the pipeline has checked it where ``takes`` says so.

        Raises:
            KeyError: It is no stage that this one takes from or requires.
            TypeError: It is of another type.
        """
        value = self[stage].handed_on
        if not isinstance(value, kind):
            raise TypeError(f"stage '{stage}' handed on {type(value).__name__}; expected {kind.__name__}")
        return value


class StageSettings(TypedDict, total=False):
    """What a configuration may set of any stage; see the attributes of ``Stage``."""

    name: str
    requires: Sequence[str]
    when: Sequence[Condition | Mapping[str, Any]]
    timeout_s: float | None
    retries: int
    cached: bool


class Stage(ABC):
    """One step of an evaluation. What is an attribute here is set in the class, by an instance, or by a keyword.

    Attributes:
        name: Unique in a pipeline.
        takes: What it is handed by which stage: types by stage name. It requires these stages.
        gives: Type of what it hands on; None where that is nothing, or nothing that others may take.
        measures: Metrics that it adds where it succeeds, as far as it can tell beforehand.
        requires: Stages that must have succeeded, beside those it takes from; all their results are handed to ``run``.
        when: Conditions on metrics that the stages before it have measured; where one is not met the stage is skipped,
            and so are those that require it. Items as keywords of ``Condition``.
        timeout_s: Wall-clock seconds after which one try is cancelled; None leaves the limit to the stage itself.
        retries: Further tries where the stage raised, was cancelled after ``timeout_s``, or says that its error is a
            ``passing`` one. Any other error is the program's own, and tried once.
        cached: Whether an earlier result is taken where program, inputs and settings are the same. Only for a stage
            whose result depends on nothing else: of the program on ``files`` and ``entry`` alone, and not on the time.
        version: To be raised where a change outside of the stage's own module gives other results.
        depends_on_descendants: Whether the result may change when the program gets children (notes on its lineage, the
            share of its children that are better). Such a stage is run again in a refresh, where the engine has one
            (``engine=generational``). ``inputs["descendants"].value`` then holds the children that are new since it
            was last run, oldest first, failed and rejected ones too; in the evaluation, which comes before all
            children, it is an empty tuple. What was found out earlier is in the program's metrics and artifacts, to be
            added to. In a refresh no other stage is run: stages that depend on descendants may require each other
            only, and no other stage may require them.
        for_parents: Whether the stage is left out of evaluations, and run when an operator that reads what it says is
            about to change the program (``ParentStudy``). What it says are artifacts. ``inputs["ancestors"].value``
            then holds the program's first parent, that one's first parent and so on, a few of them, as a tuple; empty
            for an initial program. Stages for parents may require each other only, and no other stage may require them.
        leaves: Artifacts that it adds where it succeeds, as far as it can tell beforehand. A stage for parents whose
            artifacts a program has is not run again for it.
    """

    name: str
    takes: Mapping[str, type] = {}
    gives: type | None = None
    measures: Sequence[str] = ()
    requires: Sequence[str] = ()
    when: Sequence[Condition | Mapping[str, Any]] = ()
    timeout_s: float | None = None
    retries: int = 0
    cached: bool = False
    version: int = 1
    depends_on_descendants: bool = False
    for_parents: bool = False
    leaves: Sequence[str] = ()

    def __init__(self, **settings: Unpack[StageSettings]) -> None:
        for key, value in settings.items():
            if key not in StageSettings.__annotations__:
                known = ", ".join(StageSettings.__annotations__)
                raise ValueError(f"there is no setting {key!r}; of any stage there are {known}")
            setattr(self, key, value)

    @abstractmethod
    async def run(self, program: Program, inputs: Inputs) -> StageResult:
        """Do the step. A failure of the program is a result with an error, not an exception.

        Args:
            program: Not to be changed.
            inputs: Results of the stages that it takes from or requires; ``"descendants"`` where it depends on them,
                ``"ancestors"`` where it is for parents.
        """

    def ingredients(self) -> Mapping[str, Any]:
        """What its result depends on beside program and inputs, as plain values. Asked for where it is ``cached``: by
        default everything that the instance holds, but for what is set of any stage."""
        return {key: value for key, value in vars(self).items() if key not in _ASIDE}


_ASIDE = {
    *StageSettings.__annotations__,
    *("takes", "gives", "measures", "version", "depends_on_descendants", "for_parents", "leaves"),
}
