"""Makes proposals: chooses parents and operators."""

from __future__ import annotations

from collections.abc import Sequence

from gigaevo.evolution.engine.budget import Budget
from gigaevo.evolution.engine.errors import EngineError
from gigaevo.evolution.engine.ledger import OpenProposal
from gigaevo.evolution.engine.record import RunRecord
from gigaevo.evolution.engine.workshop import Job
from gigaevo.evolution.mutation.base import MutationOperator
from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.base import EvolutionStrategy
from gigaevo.programs import Program


class Proposer:
    """Makes proposals and enters them into the books.

    Args:
        strategy: Offers parents.
        operator: Says which operator suits them.
        random: Generators of the run.
        record: The run's books.
        budget: What the limits leave.
        num_parents: Parents of a proposal.
        calls_per_program: Most calls of ``validate`` that the evaluation of one program takes.
    """

    def __init__(
        self,
        *,
        strategy: EvolutionStrategy,
        operator: MutationOperator,
        random: RandomSource,
        record: RunRecord,
        budget: Budget,
        num_parents: int,
        calls_per_program: int = 1,
    ) -> None:
        self._strategy = strategy
        self._operator = operator
        self._random = random
        self._record = record
        self._budget = budget
        self._num_parents = num_parents
        self._calls_per_program = calls_per_program

    async def propose(self, count: int) -> list[Job]:
        """Make ``count`` >= 1 proposals, all on the population as it is.

        The strategy is asked once, as of the first of them, for all their parents. Each operator is chosen with the
        generator of its own proposal.

        Raises:
            EngineError: The strategy has no parents.
        """
        first, left = self._record.ledger.proposals, self._budget.evaluations()
        self._random.proposal = first
        elites = await self._strategy.select_elites(count * self._num_parents)
        if not elites:
            raise EngineError(
                "the strategy keeps none of the valid programs; check that its behaviour keys are metrics that "
                "this problem's programs have"
            )
        jobs = []
        for index in range(count):
            later = (count - 1 - index) * self._calls_per_program  # what is left to those that follow
            jobs.append(self._job(first + index, self._group(elites, index), left - later))
            left -= jobs[-1].proposal.evaluations
        self._record.propose([job.proposal for job in jobs])
        return jobs

    def _group(self, elites: Sequence[Program], index: int) -> list[Program]:
        """Parents of one proposal; where there are fewer elites than were asked for, they take turns."""
        size = min(self._num_parents, len(elites))
        return [elites[(index * self._num_parents + place) % len(elites)] for place in range(size)]

    def _job(self, number: int, parents: Sequence[Program], evaluations: float) -> Job:
        """A proposal that may spend so many evaluations."""
        self._random.proposal = number
        operator = self._operator.select(parents, self._random.generator("operator_choice"))
        proposal = OpenProposal(
            number=number,
            parents=[parent.id for parent in parents],
            operator=operator.name,
            parameters=dict(operator.parameters()),
            evaluations=int(min(self._calls_per_program + operator.max_evaluations, evaluations)),
        )
        return Job(proposal=proposal, parents=parents, operator=operator)
