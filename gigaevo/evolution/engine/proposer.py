"""Makes proposals: chooses parents and operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gigaevo.evolution.engine.budget import Budget
from gigaevo.evolution.engine.errors import EngineError
from gigaevo.evolution.engine.job import Job
from gigaevo.evolution.engine.ledger import OpenProposal, Sibling
from gigaevo.evolution.engine.pools import Pools
from gigaevo.evolution.engine.record import RunRecord
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
        pools: Where proposals are worked on.
        jobs: Proposals that are being carried out, by number; the engine's own, looked at only.
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
        pools: Pools,
        jobs: Mapping[int, Job],
        num_parents: int,
        calls_per_program: int = 1,
    ) -> None:
        self._strategy = strategy
        self._operator = operator
        self._random = random
        self._record = record
        self._budget = budget
        self._pools = pools
        self._jobs = jobs
        self._num_parents = num_parents
        self._calls_per_program = calls_per_program

    async def propose(self, count: int) -> list[Job]:
        """Make ``count`` >= 1 proposals, all on the population as it is.

        Children that were made beside others come first; they have their parents. For the rest the strategy is asked
        once, as of the first of them, for all their parents. Each operator is chosen with the generator of its own
        proposal.

        Raises:
            EngineError: The strategy has no parents.
        """
        first, left = self._record.ledger.proposals, self._budget.evaluations()
        siblings = self._record.ledger.siblings[:count]
        fresh = range(len(siblings), count)
        elites: Sequence[Program] = ()
        if fresh:
            self._random.proposal = first + fresh.start
            elites = await self._strategy.select_elites(len(fresh) * self._num_parents)
            if not elites:
                raise EngineError(
                    "the strategy keeps none of the valid programs; check that its behaviour keys are metrics that "
                    "this problem's programs have"
                )
        kin = {parent for sibling in siblings for parent in sibling.parents}
        relatives = await self._record.stored(kin) if kin else {}
        waiting = self._record.mendable()
        jobs = []
        for index in range(count):
            later = (count - 1 - index) * self._calls_per_program  # what is left to those that follow
            if index < len(siblings):
                job = self._sibling_job(first + index, siblings[index], relatives)
            else:
                job = self._job(first + index, self._group(elites, index - fresh.start), left - later, waiting)
            jobs.append(job)
            left -= job.proposal.evaluations
        self._record.propose([job.proposal for job in jobs])
        return jobs

    def _group(self, elites: Sequence[Program], index: int) -> list[Program]:
        """Parents of one proposal; where there are fewer elites than were asked for, they take turns."""
        size = min(self._num_parents, len(elites))
        return [elites[(index * self._num_parents + place) % len(elites)] for place in range(size)]

    def _sibling_job(self, number: int, sibling: Sibling, relatives: Mapping[str, Program]) -> Job:
        """The proposal of a child that is made already: all that is left is to see whether it is new and good."""
        proposal = OpenProposal(
            number=number,
            parents=sibling.parents,
            operator=sibling.operator,
            parameters=sibling.parameters,
            evaluations=self._calls_per_program,
            made=sibling.made,
        )
        parents = [relatives[parent] for parent in sibling.parents]
        return Job(proposal=proposal, parents=parents, operator=self._operator.member(sibling.operator))

    def _job(
        self, number: int, parents: Sequence[Program], evaluations: float, waiting: list[tuple[Program, Program]]
    ) -> Job:
        """A proposal that may spend so many evaluations. If it repairs one of those that wait, that is taken away."""
        self._random.proposal = number
        failed = waiting[-1][0] if waiting else None
        operator = self._choose(parents, failed)
        if operator.repairs and failed is not None:
            parents = waiting.pop()
        else:
            failed = None
        inspirations = self._inspirations(parents, operator)
        proposal = OpenProposal(
            number=number,
            parents=[parent.id for parent in parents],
            operator=operator.name,
            parameters=dict(operator.parameters()),
            evaluations=int(min(self._calls_per_program + operator.max_evaluations, evaluations)),
            inspirations=[program.id for program in inspirations],
            observed=self._record.ledger.evaluated if self._operator.observes else 0,
            repairs="" if failed is None else failed.id,
        )
        return Job(proposal=proposal, parents=parents, operator=operator, inspirations=inspirations)

    def _choose(self, parents: Sequence[Program], failed: Program | None) -> MutationOperator:
        rng = self._random.generator("operator_choice")
        if self._pools.choose and (remote := self._pools.room(self._jobs).remote) is not None:
            return self._operator.select(parents, rng, failed=failed, remote=remote)
        return self._operator.select(parents, rng, failed=failed)

    def _inspirations(self, parents: Sequence[Program], operator: MutationOperator) -> Sequence[Program]:
        best, diverse = operator.inspirations
        return self._strategy.inspirations(parents, best=best, diverse=diverse) if best or diverse else ()
