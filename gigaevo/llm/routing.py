"""Which model is asked first. Each routing is a pure function of what was learned, and knows no provider.

All of them order every model of the run: the first is asked, the others stand in for it where it gives no answer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


class _Routing:
    """What the routings share: the names, and nothing that is learned."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._weights: dict[str, float] = {}

    def bind(self, names: Sequence[str], weights: Sequence[float]) -> None:
        """Take the names of the models, in the order of the configuration, and the weight of each.

        Raises:
            ValueError: The models do not fit this routing.
        """
        self._names = list(names)
        self._weights = dict(zip(names, weights, strict=True))

    def parameters(self) -> Mapping[str, Any]:
        """What was learned, as JSON values."""
        return self.state()

    def learn(self, model: str, *, gain: float, usd: float, new_best: bool) -> None:
        """Credit the model that made a child; see ``gigaevo.llm.base.LanguageModels.learn``."""

    def state(self) -> dict[str, Any]:
        """Everything that ``learn`` has changed, as JSON values."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to ``state()``."""


class Single(_Routing):
    """The first model of the configuration, always; the others, in their order, only stand in."""

    def order(self, parameters: Mapping[str, Any], rng: np.random.Generator) -> list[str]:
        """See ``gigaevo.llm.base.LanguageModels.order``."""
        return list(self._names)


class Weighted(_Routing):
    """An ensemble: each question goes to a model drawn in proportion to its ``weight``; then the next is drawn so."""

    def bind(self, names: Sequence[str], weights: Sequence[float]) -> None:
        super().bind(names, weights)
        if not any(weight > 0 for weight in weights):
            raise ValueError("every model has weight 0: at least one must be above")

    def order(self, parameters: Mapping[str, Any], rng: np.random.Generator) -> list[str]:
        """See ``gigaevo.llm.base.LanguageModels.order``."""
        return _drawn(self._names, [self._weights[name] for name in self._names], rng)


class Bandit(_Routing):
    """Learns which model improves programs most for a dollar.

    Of each model it knows three sums: answers, dollars, and reward. The reward of an answer is ``gain / (gain +
    scale)`` of the child that came of it, 0 where the child is not better than its parent; ``scale`` follows the mean
    of the gains above 0, so that the units of the metric do not matter. All sums fade by ``decay`` with every answer,
    because the model that helps at the beginning need not be the one that helps later (Garivier and Moulines, 2011).

    What a model is worth is a rate, reward per dollar, and what is known of it grows with the dollars that were spent
    on it; dollars are counted in the mean price of an answer. ``thompson`` draws each rate from its posterior, a Gamma
    distribution as fits rare events, whose prior is one answer that was worth as much as all are in the mean. ``ucb1``
    takes the rate plus ``exploration`` times the confidence of UCB1 (Auer et al., 2002) for such a rate. Where many
    questions are under way at a time, ``thompson`` spreads them; ``ucb1`` sends all to one model until one is settled.

    A model without a price costs as much as an answer of the cheapest that has one; where none has one, models are
    compared by reward per answer. An answer from the cache costs nothing, and is counted so.

    Args:
        policy: ``"thompson"`` or ``"ucb1"``.
        decay: What every further answer leaves of what was learned before, above 0 and at most 1 (nothing fades); 0.99
            remembers about 100 answers.
        exploration: How much doubt speaks for a model under ``ucb1``, from 0; ``thompson`` has no use for it.

    Raises:
        ValueError: An argument is not one of those.
    """

    def __init__(self, *, policy: str = "thompson", decay: float = 0.995, exploration: float = 0.5) -> None:
        super().__init__()
        if policy not in _POLICIES:
            raise ValueError(f"policy is {policy!r}; it can be {' or '.join(_POLICIES)}")
        if not 0.0 < decay <= 1.0:
            raise ValueError(f"decay is {decay}; it must be above 0 and at most 1")
        if not (exploration >= 0.0 and math.isfinite(exploration)):
            raise ValueError(f"exploration is {exploration}; it must be a number from 0")
        self._policy = policy
        self._decay = decay
        self._exploration = exploration
        self._scale: list[float] = [0.0, 0.0]  # faded sum of the gains above 0, and faded number of them
        self._known: dict[str, list[float]] = {}

    def bind(self, names: Sequence[str], weights: Sequence[float]) -> None:
        super().bind(names, weights)
        self._known = {name: [0.0, 0.0, 0.0] for name in names}

    def learn(self, model: str, *, gain: float, usd: float, new_best: bool) -> None:
        """See ``gigaevo.llm.base.LanguageModels.learn``. A model that is not ours teaches nothing."""
        if model not in self._known:
            return
        for sums in self._known.values():
            for position in range(3):
                sums[position] *= self._decay
        sums = self._known[model]
        sums[0] += 1.0
        sums[1] += usd if usd > 0.0 and math.isfinite(usd) else 0.0
        sums[2] += self._reward(gain)

    def _reward(self, gain: float) -> float:
        """The gain as a share of 1; the scale follows it."""
        if not (gain > 0.0 and math.isfinite(gain)):
            return 0.0
        total, number = self._scale
        self._scale = [total * self._decay + gain, number * self._decay + 1.0]
        scale = self._scale[0] / self._scale[1]
        return 1.0 / (1.0 + scale / gain)

    def order(self, parameters: Mapping[str, Any], rng: np.random.Generator) -> list[str]:
        """See ``gigaevo.llm.base.LanguageModels.order``."""
        known = parameters.get("models", {})
        sums = [_sums(known.get(name)) for name in self._names]
        spent = _exposures([answers for answers, _, _ in sums], [usd for _, usd, _ in sums])
        rewards = [reward for _, _, reward in sums]
        # The prior: one answer, as good as all are in the mean; of those, one full reward is made up as well.
        mean = (1.0 + sum(rewards)) / (1.0 + sum(spent))
        ties = rng.permutation(len(self._names))
        if self._policy == "thompson":
            worth = [
                float(rng.gamma(mean + reward, 1.0 / (1.0 + cost))) for reward, cost in zip(rewards, spent, strict=True)
            ]
        else:
            worth = self._upper_bounds(rewards, spent, mean)
        ranked = sorted(range(len(self._names)), key=lambda index: (-worth[index], ties[index]))
        return [self._names[index] for index in ranked]

    def _upper_bounds(self, rewards: Sequence[float], spent: Sequence[float], mean: float) -> list[float]:
        # The variance of a rate of rare events is the rate itself, here that of all models together.
        doubt = self._exploration * math.sqrt(2.0 * mean * math.log(1.0 + sum(spent)))
        return [
            reward / cost + doubt / math.sqrt(cost) if cost > 0.0 else math.inf
            for reward, cost in zip(rewards, spent, strict=True)
        ]

    def state(self) -> dict[str, Any]:
        """See the base class."""
        return {
            "scale": list(self._scale),
            "models": {
                name: {"answers": answers, "usd": usd, "reward": reward}
                for name, (answers, usd, reward) in self._known.items()
            },
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to ``state()``; a model that it does not know begins anew."""
        total, number = state.get("scale", (0.0, 0.0))
        self._scale = [float(total), float(number)]
        models = state.get("models", {})
        self._known = {name: list(_sums(models.get(name))) for name in self._names}


_POLICIES = ("thompson", "ucb1")


class Cascade(_Routing):
    """A cheap model for volume, and a strong one when the search stagnates.

    The models of the configuration go from the cheapest to the strongest. The last is the strong one; the others share
    the volume in proportion to their weights.

    Args:
        strong_share: Share of questions that the strong model gets while the search advances, in [0, 1].
        patience: Answers in a row without a new best program, whoever gave them, after which the strong model gets all
            questions, until a new best comes.

    Raises:
        ValueError: An argument is not one of those.
    """

    def __init__(self, *, strong_share: float = 0.1, patience: int = 50) -> None:
        super().__init__()
        if not 0.0 <= strong_share <= 1.0:
            raise ValueError(f"strong_share is {strong_share}; it must be from 0 to 1")
        if patience < 1:
            raise ValueError(f"patience is {patience}; it must be at least 1")
        self._strong_share = strong_share
        self._patience = patience
        self._since_best = 0

    def bind(self, names: Sequence[str], weights: Sequence[float]) -> None:
        super().bind(names, weights)
        if len(names) < 2:
            raise ValueError("a cascade needs two models at least, the strong one last")

    def learn(self, model: str, *, gain: float, usd: float, new_best: bool) -> None:
        """See ``gigaevo.llm.base.LanguageModels.learn``. A model that is not ours teaches nothing."""
        if model in self._weights:
            self._since_best = 0 if new_best else self._since_best + 1

    def order(self, parameters: Mapping[str, Any], rng: np.random.Generator) -> list[str]:
        """See ``gigaevo.llm.base.LanguageModels.order``."""
        *cheap, strong = self._names
        advances = int(parameters.get("since_best", 0)) < self._patience
        strong_first = rng.random() < self._strong_share or not advances
        rest = _drawn(cheap, [self._weights[name] for name in cheap], rng)
        return [strong, *rest] if strong_first else [*rest, strong]

    def state(self) -> dict[str, Any]:
        """See the base class."""
        return {"since_best": self._since_best}

    def restore(self, state: Mapping[str, Any]) -> None:
        """See the base class."""
        self._since_best = int(state.get("since_best", 0))


def _drawn(names: Sequence[str], weights: Sequence[float], rng: np.random.Generator) -> list[str]:
    """``names`` drawn one after another in proportion to their weights (Efraimidis and Spirakis, 2006)."""
    waits = rng.standard_exponential(len(names))
    keys = [wait / weight if weight > 0.0 else math.inf for wait, weight in zip(waits, weights, strict=True)]
    return [names[index] for index in sorted(range(len(names)), key=lambda index: (keys[index], index))]


def _sums(known: Mapping[str, Any] | None) -> tuple[float, float, float]:
    """Answers, dollars and reward of one model."""
    if known is None:
        return 0.0, 0.0, 0.0
    return float(known["answers"]), float(known["usd"]), float(known["reward"])


def _exposures(answers: Sequence[float], usd: Sequence[float]) -> list[float]:
    """What was spent on each model, in the mean price of an answer."""
    prices = [dollars / number for number, dollars in zip(answers, usd, strict=True) if number > 0.0 and dollars > 0.0]
    cheapest = min(prices, default=1.0)
    costs = [dollars if dollars > 0.0 else number * cheapest for number, dollars in zip(answers, usd, strict=True)]
    total, number = sum(costs), sum(answers)
    return [cost * number / total for cost in costs] if total > 0.0 else [0.0] * len(costs)
