"""Feeds a message pipeline, and holds what comes out against what should.

Messages are drawn anew in each run, so that no program can hold the answers. Beside the program a plain pipeline of
ours handles the same messages, turn by turn: it knows the answers, and its CPU time is the unit of the program's.
"""

import random
import time
from dataclasses import dataclass, field

ROUNDS = 3  # each scenario is driven so often, with other messages
CALL_S = 2.0  # longest call
KINDS = ("sale", "refund", "sale", "ping", "sale", "test")
MUTED = ("ping", "test")
SITES = ("north", "south", "east", "west")
WORDS = ("parcel", "left", "at", "gate", "ring", "twice", "fragile", "keep", "dry", "night", "desk", "paid")


@dataclass(frozen=True)
class Scenario:
    """How messages arrive.

    Attributes:
        sizes: Messages in each push.
        words: Least and greatest number of words of a note.
        hold: Pushes for which a message may be held back.
        ordered: Whether messages must leave in the order of their numbers. They then arrive up to 12 places off it, and
            those of every second push from last to first.
        window: Messages of one key that make a window.
    """

    sizes: tuple
    words: tuple
    hold: int
    ordered: bool = False
    window: int = 5


SCENARIOS = {
    "small_frequent": Scenario((4, 3, 5, 2, 6, 4) * 8, (0, 3), hold=16),
    "large_batch": Scenario((180, 160), (12, 40), hold=1, window=9),
    "mixed_size": Scenario((1, 40, 3, 90, 2, 1, 25, 60, 8, 1, 70, 12), (0, 30), hold=4, window=7),
    "ordered_critical": Scenario((9, 14, 6, 11) * 6, (1, 6), hold=0, ordered=True),
}


def drive(program, context):
    """What the program made of every scenario.

    Returns:
        ``seed``: what the messages were drawn with. ``error``: the first error as text, or "". ``scenarios``: for each
        scenario a list with an entry for each round, see ``play``. After a round with a mistake there is no other one.
    """
    seed = random.SystemRandom().getrandbits(32)
    played = {name: [] for name in SCENARIOS}
    error = ""
    for number in range(ROUNDS):
        for name, scenario in SCENARIOS.items():
            result = play(program, scenario, random.Random(f"{seed}/{name}/{number}"), error)
            error = result.pop("error")
            played[name].append(result)
        if error or any(rounds[-1]["right"] < rounds[-1]["lines"] for rounds in played.values()):
            break
    return {"seed": seed, "error": error, "scenarios": played}


def play(program, scenario, rng, error):
    """One scenario from opening to closing. After an error the program is not called again.

    Returns:
        ``lines``: lines that were due, plus those that came and should not have. ``right``: lines that came once, in
        order and in time. ``messages``, ``cpu_s``, ``wall_s``: messages, and the program's CPU and wall-clock seconds.
        ``reference_s``: CPU seconds of our pipeline. ``lag``: mean number of pushes for which lines were held back.
        ``error``: text of the first error so far, or "".
    """
    settings = {
        "routes": routes(rng),
        "muted": list(MUTED),
        "window": scenario.window,
        "hold": scenario.hold,
        "ordered": scenario.ordered,
        "first": rng.randrange(1000, 9000),
    }
    batches = drawn_batches(scenario, settings["first"], rng)
    requests = [{"op": "open", **settings}]
    requests += [{"op": "push", "lines": "\n".join(batch)} for batch in batches]
    requests.append({"op": "close"})
    reference, check = Reference(settings), Check(scenario.hold, ordered=scenario.ordered)
    wall_s, reference_s = 0.0, 0.0
    before = program.cpu_s()
    for turn, request in enumerate(requests):
        start = time.process_time()
        due = reference.entrypoint(request)
        reference_s += time.process_time() - start
        check.expect(due, turn)
        if not error:
            answer = program.call(request, timeout_s=CALL_S)
            wall_s += answer.wall_s
            if answer.error:
                error = f"{answer.error['kind']}: {answer.error['message']}"[:300]
            else:
                check.receive(answer.value, turn)
    return {
        "lines": check.expected + check.wrong,
        "right": check.right,
        "messages": sum(scenario.sizes),
        "cpu_s": program.cpu_s() - before,
        "wall_s": wall_s,
        "reference_s": reference_s,
        "lag": check.lag / max(1, check.right),
        "error": error,
    }


# --- the messages ---


def routes(rng):
    """Prefixes of keys and the lane of each, in no order; the longest prefix that fits counts, and "" fits all."""
    table = {"": "other"}
    for site in SITES[:3]:
        table[f"{site}."] = f"{site}-lane"
        for hall in rng.sample(range(10), 3):
            table[f"{site}.{hall}."] = f"{site}-hall-{hall}"
    pairs = [list(pair) for pair in table.items()]
    rng.shuffle(pairs)
    return pairs


def drawn_batches(scenario, first, rng):
    """Lists of lines, one for each push."""
    count = sum(scenario.sizes)
    keys = [f"{rng.choice(SITES)}.{rng.randrange(10)}.{rng.randrange(100)}" for _ in range(24)]
    lines = [drawn_line(first + place, rng.choice(keys), scenario.words, rng) for place in range(count)]
    if scenario.ordered:
        places = sorted(range(count), key=lambda place: place + 12.0 * rng.random())
        lines = [lines[place] for place in places]
    batches, start = [], 0
    for size in scenario.sizes:
        batches.append(lines[start : start + size])
        start += size
    if scenario.ordered:
        for batch in batches[1::2]:
            batch.sort(reverse=True)  # all numbers have four digits
    return batches


def drawn_line(number, key, words, rng):
    """A message; one in twenty is malformed: no amount, or no note."""
    note = " ".join(rng.choices(WORDS, k=rng.randint(*words)))
    amount = f"{rng.randrange(1000)}.{rng.randrange(100):02d}"
    flaw = rng.random()
    if flaw < 0.025:
        amount = rng.choice(("", "n/a", "12,50"))
    line = f"{number}|{key}|{rng.choice(KINDS)}|{amount}"
    return line if 0.025 <= flaw < 0.05 else f"{line}|{note}"


# --- what is right ---


class Reference:
    """A plain pipeline: each message goes through at once, and nothing is held back but for the order."""

    def __init__(self, settings):
        self.routes = sorted(settings["routes"], key=lambda route: -len(route[0]))
        self.lanes = {}
        self.muted = frozenset(settings["muted"])
        self.window = settings["window"]
        self.ordered = settings["ordered"]
        self.next = settings["first"]
        self.early = {}
        self.windows = {}
        self.dropped = 0

    def entrypoint(self, request):
        """Lines that are due."""
        if request["op"] == "open":
            return []
        if request["op"] == "close":
            return [f"dropped|-|{self.dropped}"]
        out = []
        for line in request["lines"].split("\n"):
            fields = line.split("|", 4)
            if not self.ordered:
                self.handle(fields, out)
                continue
            self.early[int(fields[0])] = fields
            while self.next in self.early:
                self.handle(self.early.pop(self.next), out)
                self.next += 1
        return out

    def handle(self, fields, out):
        try:
            number, key, kind, amount, note = fields
            units, hundredths = amount.split(".")
            cents = 100 * int(units) + int(hundredths)
        except ValueError:
            self.dropped += 1
            return
        if kind in self.muted:
            self.dropped += 1
            return
        if kind == "refund":
            cents = -cents
        lane = self.lanes.get(key)
        if lane is None:
            lane = self.lanes[key] = next(lane for prefix, lane in self.routes if key.startswith(prefix))
        out.append(f"record|{key}|{lane}|{number}|{cents}|{len(note.split())}")
        window = self.windows.setdefault(key, [])
        window.append(cents)
        if len(window) == self.window:
            out.append(f"window|{key}|{number}|{len(window)}|{sum(window)}|{min(window)}|{max(window)}")
            window.clear()


@dataclass
class Check:
    """Counts the lines that came once, in order, and not too late.

    Lines of one key must come in order; all lines must where ``ordered``.
    """

    hold: int
    ordered: bool
    expected: int = 0
    right: int = 0
    wrong: int = 0
    lag: int = 0
    due: dict = field(default_factory=dict)
    last: dict = field(default_factory=dict)

    def expect(self, lines, turn):
        """These lines may come from now on, and must have come ``hold`` turns later."""
        for line in lines:
            self.expected += 1
            self.due[line] = (self.expected, turn)

    def receive(self, text, turn):
        """Lines that came, as one text."""
        if type(text) is not str:
            self.wrong += 1
            return
        for line in text.split("\n") if text else ():
            place, due = self.due.pop(line, (0, 0))
            group = "" if self.ordered else line.split("|", 2)[1] if place else ""
            if place > self.last.get(group, 0) and turn - due <= self.hold:
                self.last[group] = place
                self.right += 1
                self.lag += turn - due
            else:
                self.wrong += 1
