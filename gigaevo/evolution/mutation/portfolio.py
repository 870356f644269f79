"""Several operators as one: effort goes where it has paid."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gigaevo.evolution.mutation.base import (
    Credit,
    Mutation,
    MutationContext,
    MutationOperator,
    NoChild,
    OperatorContext,
)
from gigaevo.programs import Program

_ACCEPTED = 0.4
_IMPROVED = 0.2
_ACCEPTED_AND_IMPROVED = 1.0
# Rewards are rare late in a run: below this, differences of quality are noise.
_QUALITY_NOISE = 0.01


@dataclass(slots=True)
class _Record:
    """What is known of one operator: exponential averages of reward and cost per proposal."""

    reward: float = 1.0  # optimistic, so that an operator nobody has tried is tried
    cost: float = 0.0  # unknown before the first proposal
    proposals: int = 0


class AdaptivePortfolio(MutationOperator):
    """Chooses among operators by probability matching over effort.

    Quality of an operator is its average reward over the square root of its average cost. A child earns 1 where an
    archive keeps it and it is better than its parent, 0.4 where it is only kept, 0.2 where it is only better, else
    nothing; a proposal without a child or with a duplicate earns nothing either. Probability matching (the baseline
    of Thierens, "An adaptive pursuit strategy for allocating operator probabilities", GECCO 2005) gives each operator
    a share in proportion to its quality, and ``floor`` at least; adaptive pursuit itself locks in on noise where
    rewards come once in hundreds of proposals.

    The shares are shares of *effort*, not of proposals: an operator is chosen with probability share / cost. So one
    that spends 5,000 validate calls per child gets its share of the time in few proposals: its floor does not eat the
    run, and it does not starve. The square root is because acceptance understates what a long numeric search gains.

    Args:
        operators: At least one; names must differ.
        floor: Least share of effort of each operator, in (0, 1 / number of operators].
        learning_rate: Weight of the newest proposal in the averages, in (0, 1].
        overhead_calls: What evaluating one program in its own process costs, in validate calls. Where time must not
            matter, the cost of a proposal is ``1 + validate_calls / overhead_calls``; elsewhere it is its seconds. What
            language models are paid is no part of it: money has a budget of its own, and which model is worth it is
            theirs to learn.

    Raises:
        ValueError: No operators, names that are not unique, or a number out of range.
    """

    name = "portfolio"

    def __init__(
        self,
        *,
        operators: Sequence[MutationOperator],
        floor: float = 0.05,
        learning_rate: float = 0.03,
        overhead_calls: float = 100.0,
    ) -> None:
        names = [operator.name for operator in operators]
        if not names:
            raise ValueError("operators: a portfolio needs at least one operator")
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"operators: names must differ; repeated: {', '.join(repeated)}")
        if not 0.0 < floor <= 1.0 / len(names):
            raise ValueError(f"floor must lie in (0, {1.0 / len(names):.3g}] for {len(names)} operators; got {floor:g}")
        if not 0.0 < learning_rate <= 1.0:
            raise ValueError(f"learning_rate must lie in (0, 1]; got {learning_rate:g}")
        if not 0.0 < overhead_calls < math.inf:
            raise ValueError(f"overhead_calls must be positive; got {overhead_calls:g}")
        self.max_evaluations = max(operator.max_evaluations for operator in operators)
        self.writes_code = any(operator.writes_code for operator in operators)
        self.observes = any(operator.observes for operator in operators)
        self.remote = any(operator.remote for operator in operators)
        self.mixed = self.remote and not all(operator.remote for operator in operators)
        self.repairs = any(operator.repairs for operator in operators)
        self.reads_insights = any(operator.reads_insights for operator in operators)
        named = [operator.languages for operator in operators]
        self.languages = tuple(sorted({language for names in named for language in names})) if all(named) else ()
        self._members = dict(zip(names, operators, strict=True))
        self._records = {name: _Record() for name in names}
        self._floor = floor
        self._learning_rate = learning_rate
        self._overhead_calls = overhead_calls

    @property
    def members(self) -> Mapping[str, MutationOperator]:
        """The operators by name."""
        return dict(self._members)

    def shares(self) -> dict[str, float]:
        """Share of the effort of each operator; they add up to 1."""
        costs = self._costs()
        qualities = {
            name: record.reward / math.sqrt(costs[name]) + _QUALITY_NOISE for name, record in self._records.items()
        }
        total, free = sum(qualities.values()), 1.0 - self._floor * len(qualities)
        return {name: self._floor + free * quality / total for name, quality in qualities.items()}

    def probabilities(self) -> dict[str, float]:
        """Probability with which each operator is chosen; they add up to 1."""
        costs = self._costs()
        rates = {name: share / costs[name] for name, share in self.shares().items()}
        total = sum(rates.values())
        return {name: rate / total for name, rate in rates.items()}

    def _costs(self) -> dict[str, float]:
        """Average cost of each operator relative to the cheapest; 1 for one that nobody has tried."""
        known = [record.cost for record in self._records.values() if record.cost > 0.0]
        least = min(known, default=1.0)
        return {name: record.cost / least if record.cost > 0.0 else 1.0 for name, record in self._records.items()}

    def bind(self, context: OperatorContext) -> None:
        """Hand what is known of the run to every member."""
        for member in self._members.values():
            member.bind(context)

    def applies_to(self, parents: Sequence[Program]) -> bool:
        """Whether any member does."""
        return any(member.applies_to(parents) for member in self._members.values())

    def member(self, name: str) -> MutationOperator | None:
        """The operator of that name; None where there is none."""
        return self if name == self.name else self._members.get(name)

    def select(
        self,
        parents: Sequence[Program],
        rng: np.random.Generator,
        *,
        failed: Program | None = None,
        remote: bool | None = None,
    ) -> MutationOperator:
        """The member that shall do the work, among those that apply to ``parents`` (among all where none does), or to
        ``failed`` where they repair. One whose pool is full is chosen where no other applies."""
        probabilities = self.probabilities()
        ready = [name for name, member in self._members.items() if failed is not None or not member.repairs]
        fitting = [name for name in ready if self._fits(self._members[name], parents, failed)]
        roomy = [name for name in fitting if remote is None or self._members[name].remote is remote]
        fitting = roomy or fitting or ready or [*self._members]
        draw = rng.random() * sum(probabilities[name] for name in fitting)
        for name in fitting:
            draw -= probabilities[name]
            if draw < 0.0:
                return self._members[name]
        return self._members[fitting[-1]]

    @staticmethod
    def _fits(member: MutationOperator, parents: Sequence[Program], failed: Program | None) -> bool:
        return member.applies_to([failed, *parents] if member.repairs and failed is not None else parents)

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        """What a selected member makes, for callers that do not select themselves."""
        member = self.select(parents, context.rng)
        inner = MutationContext(
            rng=context.rng,
            parameters=member.parameters(),
            evaluations=min(context.evaluations, member.max_evaluations),
            proposal=context.proposal,
            inspirations=context.inspirations,
            observed=context.observed,
        )
        return await member.mutate(parents, inner)

    def observe(self, program: Program) -> None:
        """Tell every member that wants to hear."""
        for member in self._members.values():
            if member.observes:
                member.observe(program)

    def credit(self, credit: Credit) -> None:
        """Learn, and let the member learn. An operator that a resumed run no longer has is passed over."""
        member = self._members.get(credit.operator)
        if member is None:
            return
        record = self._records[credit.operator]
        record.proposals += 1
        # A plain mean at first, so that a dear operator is known as one after its first proposal.
        weight = max(self._learning_rate, 1.0 / record.proposals)
        counted = 1.0 + credit.validate_calls / self._overhead_calls
        cost = counted if credit.seconds is None else credit.seconds
        # To find out at once that there is no child costs nothing, and says nothing of what a child costs: taken for a
        # cost, it would have an operator chosen again and again just because it fails so fast.
        usual = record.cost or min((other.cost for other in self._records.values() if other.cost), default=math.inf)
        if credit.outcome != "none" or cost > usual:
            record.cost += weight * (cost - record.cost)
        record.reward += self._learning_rate * (_reward(credit) - record.reward)
        member.credit(credit)

    def state(self) -> dict[str, Any]:
        """Averages and state of each member."""
        return {
            name: {
                "reward": record.reward,
                "cost": record.cost,
                "proposals": record.proposals,
                "member": self._members[name].state(),
            }
            for name, record in self._records.items()
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what ``state()`` gave; members it does not know stay as they are."""
        for name, saved in state.items():
            if name in self._members:
                self._records[name] = _Record(
                    reward=float(saved["reward"]), cost=float(saved["cost"]), proposals=int(saved["proposals"])
                )
                self._members[name].restore(saved["member"])

    def resumed(self) -> None:
        """Tell every member."""
        for member in self._members.values():
            member.resumed()

    async def close(self) -> None:
        """Close all members, also when one of them fails to; the first failure is raised."""
        failures: list[Exception] = []
        for member in self._members.values():
            try:
                await member.close()
            except Exception as error:
                failures.append(error)
        if failures:
            raise failures[0]


def _reward(credit: Credit) -> float:
    if credit.outcome == "accepted":
        return _ACCEPTED_AND_IMPROVED if credit.improved else _ACCEPTED
    return _IMPROVED if credit.improved else 0.0
