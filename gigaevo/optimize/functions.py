"""Test functions of optimization as native fitness functions, to be passed to ``run``.

    from gigaevo.optimize import GeneticAlgorithm, functions

    search = GeneticAlgorithm(functions.rastrigin.genotype(30), seed=1)
    search.run(functions.rastrigin, evaluations=50_000)

Of numbers, minimised: ``sphere``, ``rastrigin``, ``rosenbrock``, ``ackley``, ``griewank``, ``schwefel``, ``levy``,
``zakharov``, ``styblinski_tang``. Of bits, maximised: ``onemax``, ``leading_ones``, ``trap(order)``. Of permutations,
minimised: ``queens``, ``tsp(distances)``. Of several objectives, minimised: ``zdt1`` to ``zdt4``, ``zdt6``,
``dtlz1(objectives)``, ``dtlz2(objectives)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gigaevo.kernels.checks import functions_checks
from gigaevo.optimize.search.native import BitFunction, NativeFunction, Queens, RealFunction, SeveralFunction, Tour

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

sphere = RealFunction("sphere", -5.12, 5.12, best_gene=0.0)
rastrigin = RealFunction("rastrigin", -5.12, 5.12, best_gene=0.0)
rosenbrock = RealFunction("rosenbrock", -5.0, 10.0, best_gene=1.0)
ackley = RealFunction("ackley", -32.768, 32.768, best_gene=0.0)
griewank = RealFunction("griewank", -600.0, 600.0, best_gene=0.0)
schwefel = RealFunction("schwefel", -500.0, 500.0, best_gene=420.9687462275036)
levy = RealFunction("levy", -10.0, 10.0, best_gene=1.0)
zakharov = RealFunction("zakharov", -5.0, 10.0, best_gene=0.0)
styblinski_tang = RealFunction("styblinski_tang", -5.0, 5.0, best_gene=-2.903534027771177, least=-39.16616570377142)

onemax = BitFunction("onemax")
leading_ones = BitFunction("leading_ones")

queens = Queens()

zdt1, zdt2, zdt3, zdt4, zdt6 = (SeveralFunction(name) for name in ("zdt1", "zdt2", "zdt3", "zdt4", "zdt6"))


def trap(order: int = 4) -> BitFunction:
    """Deceptive traps of ``order`` bits each: all ones are best, but every step towards them is for the worse.

    A block of ``order`` bits counts ``order`` when all are ones, else ``order - 1`` less the ones. The genome is of a
    multiple of ``order`` bits.
    """
    return BitFunction("trap", order=order)


def tsp(distances: ArrayLike) -> Tour:
    """The travelling salesman: the length of a closed tour.

    Args:
        distances: From each place to each, finite, shape (d, d).
    """
    return Tour(functions_checks.distances(distances))


def dtlz1(objectives: int = 3) -> SeveralFunction:
    """A front that is a plane, with 11^k - 1 false ones before it; usually of ``objectives + 4`` genes."""
    return SeveralFunction("dtlz1", objectives=objectives)


def dtlz2(objectives: int = 3) -> SeveralFunction:
    """A front that is a part of a sphere; usually of ``objectives + 9`` genes."""
    return SeveralFunction("dtlz2", objectives=objectives)


_FUNCTIONS: dict[str, NativeFunction] = {
    function.name: function
    for function in (
        *(sphere, rastrigin, rosenbrock, ackley, griewank, schwefel, levy, zakharov, styblinski_tang),
        *(onemax, leading_ones, queens),
        *(zdt1, zdt2, zdt3, zdt4, zdt6),
    )
}
_WITH_PARAMETERS: dict[str, Callable[..., NativeFunction]] = {
    "trap": trap,
    "tsp": tsp,
    "dtlz1": dtlz1,
    "dtlz2": dtlz2,
}
NAMES = (*_FUNCTIONS, *_WITH_PARAMETERS)


def by_name(name: str, **parameters: Any) -> NativeFunction:
    """The function of that name.

    Args:
        name: One of ``NAMES``.
        **parameters: What ``trap``, ``tsp``, ``dtlz1`` and ``dtlz2`` take.

    Raises:
        ValueError: There is no such function, or it takes no parameters.
    """
    if name in _WITH_PARAMETERS:
        return _WITH_PARAMETERS[name](**parameters)
    if name not in _FUNCTIONS:
        raise ValueError(f"there is no native function {name!r}, expected one of {', '.join(NAMES)}")
    if parameters:
        raise ValueError(f"{name} takes no parameters, not {', '.join(parameters)}")
    return _FUNCTIONS[name]
