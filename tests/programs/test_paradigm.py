"""How a program goes about its work, as far as its syntax tells."""

from __future__ import annotations

import ast

import pytest

from gigaevo.programs import RUN_METRICS
from gigaevo.programs.paradigm import Paradigm, paradigm_of
from gigaevo.programs.syntax import analyse


@pytest.mark.parametrize(
    ("text", "paradigm"),
    [
        ("", Paradigm.STRAIGHT_LINE),
        ("def entrypoint():\n    return sum([1, 2]) ** 0.5 if True else 0", Paradigm.STRAIGHT_LINE),
        ("import numpy as np\ndef entrypoint():\n    return [0.5]", Paradigm.STRAIGHT_LINE),
        ("import numpy as np\ndef entrypoint():\n    return np.linalg.det(M)", Paradigm.ARRAYS),
        ("import scipy.optimize\nx = scipy.optimize.minimize(f, y)", Paradigm.ARRAYS),
        ("from numpy import arange as r\nx = r(4)", Paradigm.ARRAYS),
        ("import numpyish as np\nx = np.arange(4)", Paradigm.STRAIGHT_LINE),
        ("from lib import numpy\nx = numpy.arange(4)", Paradigm.STRAIGHT_LINE),
        ("import numpy as np\nx = np.array([i for i in y])", Paradigm.COMPREHENSIONS),
        ("x = list(map(abs, y))", Paradigm.COMPREHENSIONS),
        ("import functools\nx = functools.reduce", Paradigm.STRAIGHT_LINE),
        ("x = sorted(y, key=lambda v: -v)", Paradigm.COMPREHENSIONS),
        ("for i in y:\n    z = [i for i in y]", Paradigm.LOOPS),
        ("while a:\n    b()", Paradigm.LOOPS),
        ("for i in y:\n    z = i\nfor i in y:\n    z = i", Paradigm.LOOPS),
        ("for i in y:\n    z = i\n    while z: z -= 1", Paradigm.NESTED_LOOPS),
        ("for i in y:\n    if i:\n        for j in y: pass\nfor i in y: pass", Paradigm.NESTED_LOOPS),
        ("def f(n):\n    while n:\n        n = g(f(n - 1))", Paradigm.RECURSION),
        ("def f(n):\n    def g():\n        return f(n)\n    return g", Paradigm.RECURSION),
        ("def f(n): return f(n - 1)", Paradigm.RECURSION),
        ("def f(n):\n    return n\nx = f(f(3))", Paradigm.STRAIGHT_LINE),
        ("def f(n):\n    return n\ndef g(n):\n    return f(n)", Paradigm.STRAIGHT_LINE),
        ("def f(n):\n    return n\n@f\ndef f(n=f(1)):\n    return n", Paradigm.STRAIGHT_LINE),
        ("class A:\n    def f(self):\n        return [i for i in range(3)]", Paradigm.OBJECTS),
    ],
)
def test_a_program_is_the_greatest_paradigm_that_it_contains(text: str, paradigm: Paradigm) -> None:
    assert analyse(text).paradigm is paradigm
    assert paradigm_of(ast.walk(ast.parse(text))) is paradigm


def test_every_paradigm_lies_within_the_declared_bounds_in_a_bin_of_its_own() -> None:
    spec = RUN_METRICS["paradigm"]
    assert spec.lower_bound == 0.0 and spec.upper_bound == len(Paradigm) - 1
    assert [member.value for member in Paradigm] == list(range(len(Paradigm)))
    assert all(f"{member.value} {member.name.lower().replace('_', ' ')}" in spec.description for member in Paradigm)


def test_functions_and_calls_by_the_thousand_are_told_apart() -> None:
    text = "def f():\n pass\n" * 5_000 + "f()\n" * 5_000
    assert analyse(text).paradigm is Paradigm.STRAIGHT_LINE
    assert analyse(text + "def g():\n g()\n").paradigm is Paradigm.RECURSION
