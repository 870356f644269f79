"""Small programs that differ as much as programs do, for tests of every operator."""

from __future__ import annotations

LOOPS = '''
import math


def entrypoint():
    """Descend."""
    x, y = 1.5, -2.25  # start
    step = 0.5
    for i in range(12):
        for dx, dy in ((step, 0.0), (-step, 0.0), (0.0, step), (0.0, -step)):
            if (x + dx) ** 2 + (y + dy) ** 2 < x * x + y * y:
                x, y = x + dx, y + dy
                break
        else:
            step *= 0.5
    return [x, y + math.sin(0.1)]
'''

COMPREHENSION = """
def entrypoint():
    points = [(i * 0.1, (i * 7 % 11) / 11.0) for i in range(11) if i != 3]
    return {"points": points, "sum": sum(p[0] for p in points), "set": {1, 2, -3}}
"""

CLASS = """
from dataclasses import dataclass


@dataclass
class Walker:
    speed: float = 1.25
    place: float = 0.0

    def walk(self, steps):
        for _ in range(steps):
            self.place += self.speed
        return self.place


def entrypoint():
    walker = Walker(speed=0.75)
    return [walker.walk(3), walker.walk(4)]
"""

NESTED = """
def entrypoint():
    scale = 3

    def inner(value):
        nonlocal scale
        scale += 1
        return value * scale - 0.5

    return [inner(i) for i in (1, 2, 3)]
"""

WHILE = """
LIMIT = 20

def entrypoint():
    value, count = 27, 0
    while value != 1 and count < LIMIT:
        value = value // 2 if value % 2 == 0 else 3 * value + 1
        count += 1
    return count
"""

TRY = """
def safe(a, b):
    try:
        return a / b
    except ZeroDivisionError as error:
        return -1.0
    finally:
        a = 0

def entrypoint():
    return [safe(1, 0), safe(1.0, 2.0)]
"""

F_STRINGS = '''
def entrypoint():
    """With numbers 1 and 2.5 that must stay."""
    width = 7
    label = f"{width:>{10}} and {3.5:.2f}" "tail 4"
    if not-3 < width:
        return label, 2 ** width, 1.5.hex(), -2 ** 2
    return label
'''

UNICODE = """
def entrypoint():
    größe = "äöü€𝄞"; höhe = 3; ß = "é" * 2, -1.5
    return [größe, höhe, ß, "→", 0.25]
"""

WALRUS = """
def entrypoint():
    found = []
    while (n := len(found)) < 6:
        found.append(n ** 2 if n & 1 else -n)
    return sorted(found, key=lambda v: -v)[:3]
"""

MATCH = """
def kind(value):
    match value:
        case 0:
            return "zero"
        case -1 | 1:
            return "unit"
        case [first, *rest] if first > 2:
            return rest
        case {"a": 1, **others}:
            return others
        case _:
            return None

def entrypoint():
    return [kind(0), kind([3, 4]), kind({"a": 1, "b": 2})]
"""

GENERATOR = """
import random

def entrypoint(context=None):
    rng = random.Random(42)
    with open("/dev/null") as sink:
        values = {k: rng.random() for k in "abc"}
    best, *others = sorted(values.items(), key=lambda kv: kv[1], reverse=True)
    assert best is not None, "no value"
    del others
    yield best
"""

CORPUS = {
    "loops": LOOPS,
    "comprehension": COMPREHENSION,
    "class": CLASS,
    "nested": NESTED,
    "while": WHILE,
    "try": TRY,
    "f_strings": F_STRINGS,
    "unicode": UNICODE,
    "walrus": WALRUS,
    "match": MATCH,
    "generator": GENERATOR,
}
