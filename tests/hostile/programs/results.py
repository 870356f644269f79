"""Programs whose answer is the attack: forged frames, bombs for a reader, and values that lie about what they are."""

from __future__ import annotations

from tests.hostile.hostile import EVERYWHERE, REFUSED, Hostile, answers, fails

_FRAME = """
def frame(letter, content):
    return letter + len(content).to_bytes(4, "big") + content

def send(data):
    while data:
        data = data[os.write(3, data):]
    os._exit(0)
"""

_RAW = {
    "text of half a million brackets": "send(frame(b'V', b'[' * 500_000))",
    "text of half a million closed brackets": "send(frame(b'V', b'[' * 500_000 + b']' * 500_000))",
    "text of nested tags": """send(frame(b'V', b'{"$tuple":[' * 100_000 + b']}' * 100_000))""",
    "an integer of a million digits": "send(frame(b'V', b'9' * 1_000_000))",
    "an integer of five thousand digits": "send(frame(b'V', b'9' * 5_000))",
    "the bare constant NaN": "send(frame(b'V', b'NaN'))",
    "the bare constant Infinity": "send(frame(b'V', b'[-Infinity]'))",
    "a float beyond all floats": "send(frame(b'V', b'1e99999'))",
    "an array that claims a terabyte": """send(frame(b'V', b'{"$ndarray":["<f8",[1000000000000],""]}'))""",
    "an array of no data and endless shape": (
        """send(frame(b'V', b'{"$ndarray":["<f8",[' + b'1,' * 100_000 + b'0],""]}'))"""
    ),
    "an array of objects": """send(frame(b'V', b'{"$ndarray":["|O",[1],"AAAAAAAAAAA="]}'))""",
    "an array of records": """send(frame(b'V', b'{"$ndarray":["<f8,<O",[1],"AAAAAAAAAAA="]}'))""",
    "an array of an endless item": """send(frame(b'V', b'{"$ndarray":["<U999999999",[1],""]}'))""",
    "an array with a negative extent": """send(frame(b'V', b'{"$ndarray":["<f8",[-1],""]}'))""",
    "an unknown tag": """send(frame(b'V', b'{"$import":"os"}'))""",
    "a class by name": """send(frame(b'V', b'{"$object":["os","system","true"]}'))""",
    "a pickle": "import pickle\nclass Bomb:\n    def __reduce__(self): return os.system, ('true',)\n"
    "send(frame(b'V', pickle.dumps(Bomb(), 0)))",
    "bytes that are no text": "send(frame(b'V', bytes(range(128, 256)) * 100))",
    "null bytes": "send(frame(b'V', bytes(1000)))",
    "base64 that is none": """send(frame(b'V', b'{"$bytes":"!!!!"}'))""",
    "a list that hashes badly in a set": """send(frame(b'V', b'{"$set":[[1],[2]]}'))""",
    "half a surrogate pair": r"""send(frame(b'V', b'"\\ud800"'))""",
    "a key twice": """send(frame(b'V', b'{"$dict":[[1,2],[1,3]]}'))""",
}

_FRAMES = {
    "no frame at all": ("os._exit(0)", "exit"),
    "half a frame": ("send(frame(b'V', b'12345')[:-2])", "exit|output"),
    "a frame and a half": ("send(frame(b'V', b'1') + b'V')", "exit|output"),
    "two frames": ("send(frame(b'V', b'1') * 2)", "exit|output"),
    "a length of four gigabytes": ("send(b'V' + b'\\xff' * 4 + b'1')", "exit|output"),
    "garbage": ("send(os.urandom(4096))", "exit|output"),
    "an unknown letter": ("send(frame(b'X', b'1'))", "exit|output"),
    "an error that blames a time-out": (
        """send(frame(b'E', b'{"kind":"timeout","message":"x","traceback":""}'))""",
        "exit|output",
    ),
    "an error of an unknown kind": (
        """send(frame(b'E', b'{"kind":"fine","message":"x","traceback":""}'))""",
        "exit|output",
    ),
    "an error that is a bomb": ("send(frame(b'E', b'[' * 60_000))", "exit|output"),
    "an error that is no error": ("send(frame(b'E', b'null'))", "exit|output"),
    "an error with values of other types": (
        """send(frame(b'E', b'{"kind":["exit"],"message":{},"traceback":1}'))""",
        "exit|output",
    ),
    "an answer, then death by a signal": (
        "os.write(3, frame(b'V', b'1'))\n    ctypes.string_at(0)",
        "signal",
    ),
    "an answer, then no end": ("os.write(3, frame(b'V', b'1'))\n    time.sleep(1000)", "timeout"),
    "an answer one byte at a time, then no end": (
        "for byte in frame(b'V', b'1'):\n        os.write(3, bytes([byte]))\n        time.sleep(0.01)\n"
        "    time.sleep(1000)",
        "timeout",
    ),
}

_LIARS = {
    "an object that equals anything": (
        "class Any:\n    def __eq__(self, other): return True\n    def __hash__(self): return 0\n"
        "    __lt__ = __le__ = __gt__ = __ge__ = __eq__\n    def __float__(self): return 1.0\n"
        "def entrypoint():\n    return Any()"
    ),
    "an object that lies about its class": (
        "class Liar:\n    @property\n    def __class__(self): return float\n    def __float__(self): return 1e9\n"
        "def entrypoint():\n    return Liar()"
    ),
    "an object that makes arrays": (
        "class Liar:\n    def __array__(self, *a, **k):\n        import numpy\n        return numpy.ones(3)\n"
        "    __array_interface__ = {'shape': (1,), 'typestr': '<f8', 'data': (0, False), 'version': 3}\n"
        "def entrypoint():\n    return Liar()"
    ),
    "a float that changes with every look": (
        "class Liar(float):\n    looks = 0\n    def __float__(self):\n        Liar.looks += 1\n"
        "        return float(Liar.looks)\n    def __repr__(self): return '1e308'\n"
        "def entrypoint():\n    return Liar(1)"
    ),
    "an int that lies about its text": (
        "class Liar(int):\n    def __repr__(self): return '1, \"forged\": 1'\n    __str__ = __repr__\n"
        "def entrypoint():\n    return {'x': Liar(1)}"
    ),
    "a str that is two things": (
        "class Liar(str):\n    def __len__(self): return 0\n    def encode(self, *a): return b'\"forged\"'\n"
        "def entrypoint():\n    return Liar('x' * 10_000_000)"
    ),
    "a bool that is no bool": "import numpy\ndef entrypoint():\n    return type('bool', (int,), {})(2)",
    "a list that yields other items": (
        "class Liar(list):\n    def __iter__(self): return iter([1.0] * 10**9)\n    def __len__(self): return 1\n"
        "def entrypoint():\n    return Liar([0.0])"
    ),
    "a dict that yields other items": (
        "class Liar(dict):\n    def items(self):\n        while True: yield 'x', 1\n"
        "def entrypoint():\n    return Liar(x=0)"
    ),
    "a named tuple": ("import collections\ndef entrypoint():\n    return collections.namedtuple('P', 'x')(1.0)"),
    "an array of a subclass": (
        "import numpy\nclass Liar(numpy.ndarray):\n    def tobytes(self, *a): return b'forged'\n"
        "def entrypoint():\n    return numpy.zeros(3).view(Liar)"
    ),
    "a masked array": "import numpy\ndef entrypoint():\n    return numpy.ma.masked_all(3)",
    "a matrix": "import numpy\ndef entrypoint():\n    return numpy.matrix([[1.0]])",
    "a memory map": (
        "import numpy\ndef entrypoint():\n    return numpy.memmap('x', dtype='f8', mode='w+', shape=(3,))"
    ),
    "an array of objects": "import numpy\ndef entrypoint():\n    return numpy.array([print, None], dtype=object)",
    "an array of records": (
        "import numpy\ndef entrypoint():\n    return numpy.zeros(3, dtype=[('x', 'f8'), ('y', 'O')])"
    ),
    "an array of times": "import numpy\ndef entrypoint():\n    return numpy.zeros(3, dtype='M8[s]')",
    "a broadcast array of terabytes": (
        "import numpy\ndef entrypoint():\n    return numpy.broadcast_to(numpy.float64(1), (10**6, 10**6))"
    ),
    "an array beyond its memory": (
        "import numpy\nfrom numpy.lib.stride_tricks import as_strided\n"
        "def entrypoint():\n    return as_strided(numpy.zeros(1), shape=(10**5,), strides=(2**40,))"
    ),
    "a generator without end": "def entrypoint():\n    return (x for x in iter(int, 1))",
    "a coroutine": "async def entrypoint():\n    return 1.0",
    "a lock": "import threading\ndef entrypoint():\n    return threading.Lock()",
    "a function": "def entrypoint():\n    return entrypoint",
    "a class": "def entrypoint():\n    return type('x', (), {})",
    "an open file": "def entrypoint():\n    return open('x', 'w')",
    "a list that holds itself": "def entrypoint():\n    x = []\n    x.append(x)\n    return x",
    "a hundred thousand lists in each other": (
        "def entrypoint():\n    x = []\n    for _ in range(100_000):\n        x = [x]\n    return x"
    ),
    "a list that holds one list a billion times": (
        "def entrypoint():\n    x = [0.0] * 10\n    for _ in range(9):\n        x = [x] * 10\n    return x"
    ),
    "an integer of a hundred thousand digits": "def entrypoint():\n    return 10 ** 100_000",
    "a string of half a surrogate pair": "def entrypoint():\n    return chr(0xD800)",
    "a string of sixteen million characters": "def entrypoint():\n    return 'x' * (1 << 24)",
    "keys that are tags": "def entrypoint():\n    return {'$ndarray': ['|O', [1], 'AAAA']}",
    "not a number": "def entrypoint():\n    return float('nan')",
    "infinite": "def entrypoint():\n    return float('-inf')",
    "complex": "def entrypoint():\n    return 1e9 + 1j",
    "not a number, in numpy": "import numpy\ndef entrypoint():\n    return numpy.float64('nan')",
    "an array with an infinite item": "import numpy\ndef entrypoint():\n    return numpy.array([1.0, numpy.inf])",
    "a negative not a number": "import numpy\ndef entrypoint():\n    return -numpy.float32('nan')",
    "nothing": "def entrypoint():\n    return None",
    "a type with a name of a megabyte": (
        "def entrypoint():\n    return type('x' * 1_000_000, (), {'__module__': 'y' * 1_000_000})()"
    ),
    "a type whose name raises": (
        "class Meta(type):\n    @property\n    def __module__(cls): raise SystemExit\n"
        "class Liar(metaclass=Meta): pass\ndef entrypoint():\n    return Liar()"
    ),
    "a key whose hash and text raise": (
        "class Key:\n    def __repr__(self): raise KeyboardInterrupt\ndef entrypoint():\n    return {Key(): 1}"
    ),
}

PROGRAMS = (
    *(
        Hostile(
            name=f"answers by hand with {name}",
            source=_FRAME + "def entrypoint():\n    " + source.replace("\n", "\n    ") + "\n",
            verdict=REFUSED,
            levels=EVERYWHERE,
        )
        for name, source in _RAW.items()
    ),
    *(
        Hostile(
            name=f"writes {name}",
            source=_FRAME + f"def entrypoint():\n    {source}\n",
            verdict=fails(*kinds.split("|")),
            levels=EVERYWHERE,
            limits={"wall_time_s": 0.6} if kinds == "timeout" else {},
        )
        for name, (source, kinds) in _FRAMES.items()
    ),
    *(
        Hostile(name=f"returns {name}", source=source, verdict=REFUSED, levels=EVERYWHERE)
        for name, source in _LIARS.items()
    ),
    Hostile(
        name="writes an answer of its own and returns another",
        source=_FRAME + "def entrypoint():\n    os.write(3, frame(b'V', b'1'))\n    return 0.25\n",
        verdict=fails("exit", "output") | answers("one of them", lambda answer: answer in (1, 0.25)),
        levels=EVERYWHERE,
    ),
    Hostile(
        name="puts a file in place of its result pipe",
        source="""
def entrypoint():
    os.dup2(os.open("mine", os.O_CREAT | os.O_RDWR), 3)
    return 0.25
""",
        verdict=fails("exit", "output", "exception"),
        levels=EVERYWHERE,
    ),
    Hostile(
        name="closes every descriptor",
        source="""
def entrypoint():
    os.closerange(0, 1000)
    return 0.25
""",
        verdict=fails("exit", "output", "exception"),
        levels=EVERYWHERE,
    ),
    Hostile(
        name="holds its own result pipe back",
        source="""
import fcntl
def entrypoint():
    fcntl.fcntl(3, fcntl.F_SETFL, os.O_NONBLOCK)
    return "x" * 1_000_000
""",
        verdict=fails("exit", "output", "exception") | answers("all of it", lambda answer: len(answer) == 1_000_000),
        levels=EVERYWHERE,
    ),
)
