"""Programs that break the interpreter they run in, or the parts of it that the sandbox uses."""

from __future__ import annotations

from tests.hostile.hostile import ANY_END, EVERYWHERE, WORTH, Hostile, answers, fails

_QUARTER = answers("its data", lambda answer: answer == 0.25)
_BROKEN = (answers("some data") | fails("exit", "output", "exception", "signal", "memory")) & WORTH


_CRASHES = {
    "reads address 0": "def entrypoint():\n    return ctypes.string_at(0)",
    "writes all over its memory": (
        "def entrypoint():\n    ctypes.memset(id(None) - 64, 255, 4096)\n    return [None] * 9"
    ),
    "overflows the stack in C": (
        "sys.setrecursionlimit(10**9)\n"
        "def entrypoint():\n    x = []\n    for _ in range(10**6):\n        x = [x]\n    return repr(x) and 0.25"
    ),
    "overflows the stack in Python": (
        "sys.setrecursionlimit(10**9)\nclass A:\n    def __getattr__(self, name): return getattr(self, name + 'x')\n"
        "def entrypoint():\n    return A().x"
    ),
    "runs bytes that are no code": (
        "def entrypoint():\n    f = lambda: 0\n"
        "    f.__code__ = f.__code__.replace(co_code=bytes(range(256)))\n    return f()"
    ),
    "frees what is not its own": "def entrypoint():\n    libc.free(ctypes.c_void_p(id(sys)))\n    return 0.25",
    "aborts": "def entrypoint():\n    os.abort()",
}

_ENDS = {
    "ends with status 0": ("def entrypoint():\n    os._exit(0)", "exit"),
    "ends by sys.exit": ("def entrypoint():\n    sys.exit(0)", "exit"),
    "ends by libc": ("def entrypoint():\n    libc.exit(0)", "exit|signal"),
    "raises KeyboardInterrupt": ("def entrypoint():\n    raise KeyboardInterrupt", "exception"),
    "raises GeneratorExit": ("def entrypoint():\n    raise GeneratorExit", "exception"),
    "raises a group of a hundred thousand": (
        "def entrypoint():\n    raise BaseExceptionGroup('x', [KeyboardInterrupt()] * 100_000)",
        "exception|memory",
    ),
    "raises what cannot be shown": (
        "class Bad(BaseException):\n    def __str__(self): os._exit\n    __repr__ = __str__\n"
        "def entrypoint():\n    raise Bad",
        "exception",
    ),
    "raises what ends when it is shown": (
        "class Bad(BaseException):\n    def __str__(self): os._exit(0)\ndef entrypoint():\n    raise Bad",
        "exit",
    ),
    "raises what shows itself as something else": (
        "class Liar(str):\n    def __len__(self): return 3\n    def __getitem__(self, item): return self\n"
        "class Bad(Exception):\n    def __str__(self): return Liar('x' * 3_000_000)\n"
        "def entrypoint():\n    raise Bad",
        "exception|exit|output",
    ),
    "raises an error with a text of a hundred megabytes": (
        "def entrypoint():\n    raise ValueError('x' * 100_000_000)",
        "exception|memory",
    ),
    "raises an error with half a surrogate pair": (
        "def entrypoint():\n    raise ValueError(chr(0xD800) * 100)",
        "exception",
    ),
    "raises an error that is its own cause": (
        "def entrypoint():\n    e = ValueError('x')\n    e.__cause__ = e.__context__ = e\n    raise e",
        "exception",
    ),
    "raises an error under a class with a name of a megabyte": (
        "def entrypoint():\n    raise type('x' * 1_000_000, (Exception,), {})",
        "exception",
    ),
    "pretends to be out of memory": ("def entrypoint():\n    raise MemoryError", "memory"),
    "pretends to be an error of the sandbox": (
        "def entrypoint():\n    child = sys.modules['gigaevo.evaluation.sandbox.child']\n"
        "    raise child._Failure('timeout', 'the machine was slow')",
        "exception|output|exit",
    ),
    "defines no entrypoint": ("x = 1", "exception"),
    "defines an entrypoint that is no function": ("entrypoint = 1", "exception"),
}

_POISON = {
    "replaces json": "import json\njson.dumps = lambda *a, **k: '\"forged\"'\njson.encoder.JSONEncoder = None",
    "replaces the C encoder of json": (
        "import json.encoder\njson.encoder.c_make_encoder = None\njson.encoder.encode_basestring_ascii = lambda s: '1'"
    ),
    "replaces time": "import time\ntime.monotonic = time.time = time.perf_counter = time.process_time = lambda: 0.0",
    "replaces random": "import random, numpy\nrandom.seed = numpy.random.seed = None\nrandom.random = lambda: 0.5",
    "replaces numpy": (
        "import numpy\nfor name in list(vars(numpy)):\n    if not name.startswith('__'):\n"
        "        setattr(numpy, name, None)"
    ),
    "changes a constant of numpy in place": (
        "import numpy\nnumpy.pi = 3\nkept = numpy.array([1.0])\n"
        "ctypes.memset(ctypes.addressof(ctypes.c_double.from_buffer(kept)), 0, 8)"
    ),
    "replaces the built-in functions": (
        "import builtins\nfor name in ('len', 'isinstance', 'type', 'print', 'open', 'set', 'map', 'repr', 'str'):\n"
        "    setattr(builtins, name, lambda *a, **k: 1)"
    ),
    "replaces the built-in exceptions": (
        "import builtins\nfor name in ('BaseException', 'Exception', 'MemoryError', 'OSError', 'SystemExit'):\n"
        "    setattr(builtins, name, ZeroDivisionError)"
    ),
    "empties sys.modules": "sys.modules.clear()",
    "puts nothing into sys.modules": "for name in list(sys.modules):\n    sys.modules[name] = None",
    "puts itself in place of modules": (
        "import types\nfor name in ('json', 'os', 'numpy', 'helper', 'validate', 'gigaevo.evaluation.sandbox.wire'):\n"
        "    sys.modules[name] = types.ModuleType(name)"
    ),
    "replaces the parts of os": (
        "os._exit = lambda status: None\nos.getpid = lambda: 1\nos.write = lambda fd, data: len(data)"
    ),
    "replaces the parts of the sandbox": (
        "for name, module in list(sys.modules.items()):\n    if name.startswith('gigaevo'):\n"
        "        for part in list(vars(module)):\n            if not part.startswith('__'):\n"
        "                setattr(module, part, None)"
    ),
    "replaces the encoder of the sandbox": (
        "wire = sys.modules['gigaevo.evaluation.sandbox.wire']\n"
        "wire.encode = lambda value, **k: '\"' + 'x' * (8 << 20) + '\"'"
    ),
    "changes the variables of the frames that called it": (
        "frame = sys._getframe()\nwhile frame:\n    for name in list(frame.f_locals):\n"
        "        frame.f_locals[name] = None\n"
        "    ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(1))\n    frame = frame.f_back"
    ),
    "changes its own caps in memory": (
        "import gc\nfor thing in gc.get_objects():\n    if type(thing).__name__ in ('Limits', 'Job', 'Problem'):\n"
        "        for name in list(vars(thing)):\n            object.__setattr__(thing, name, 10**12)"
    ),
    "replaces its streams": (
        "class Bad:\n    def flush(self): raise SystemExit\n    def write(self, *a): raise KeyboardInterrupt\n"
        "sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = Bad()"
    ),
    "installs hooks": (
        "sys.excepthook = sys.unraisablehook = sys.displayhook = lambda *a: os._exit(0)\n"
        "sys.addaudithook(lambda *a: None)\nsys.setprofile(lambda *a: None)\nsys.settrace(lambda *a: None)"
    ),
    "installs an audit hook that raises": (
        "def hook(name, args):\n    if name not in ('builtins.id',): raise RuntimeError(name)\nsys.addaudithook(hook)"
    ),
    "makes the collector call it": (
        "import gc\ngc.callbacks.append(lambda *a: 1 / 0)\ngc.set_threshold(1)\ngc.set_debug(gc.DEBUG_SAVEALL)\n"
        "gc.unfreeze()"
    ),
    "raises while it is destroyed": (
        "class Bad:\n    def __del__(self): raise SystemExit\nkept = [Bad()]\nkept.append(kept)\nimport builtins\n"
        "builtins.kept = kept"
    ),
    "hangs in its exit handlers": "import atexit, time\natexit.register(time.sleep, 10**6)",
    "hangs in a finaliser": (
        "import time, weakref\nclass A: pass\na = A()\nweakref.finalize(a, time.sleep, 10**6)\n"
        "class Bad:\n    def __del__(self): time.sleep(10**6)\nbad = Bad()"
    ),
    "changes what a float is": (
        "import gc\ngc.get_referents(float.__dict__)[0]['is_integer'] = None\n"
        "gc.get_referents(int.__dict__)[0]['bit_length'] = lambda self: 0\n"
        "gc.get_referents(str.__dict__)[0]['encode'] = lambda *a: b'\"forged\"'"
    ),
    "changes what a small integer is": ("ctypes.c_long.from_address(id(200) + 24).value = 7"),
    "sets locale, umask and time zone": (
        "import locale\nos.umask(0o777)\nos.environ['TZ'] = 'Asia/Tokyo'\ntime.tzset()\n"
        "try:\n    locale.setlocale(locale.LC_ALL, 'C')\nexcept locale.Error: pass"
    ),
    "changes how floats are rounded": (
        "for name in ('libm.so.6', None):\n    try:\n        ctypes.CDLL(name).fesetround(0x400)\n"
        "    except (OSError, AttributeError): pass\nimport numpy\nnumpy.seterr(all='ignore')"
    ),
    "ignores every signal and blocks them": (
        "for number in set(signal.Signals) - {9, 19}:\n    signal.signal(number, signal.SIG_IGN)\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))"
    ),
}

PROGRAMS = (
    *(
        Hostile(
            name=name,
            source=source,
            verdict=fails("signal", "exception", "memory", "exit") | _QUARTER | ANY_END
            if name in ("writes all over its memory", "frees what is not its own", "runs bytes that are no code")
            else fails("signal", "exception", "memory", "timeout"),
            levels=EVERYWHERE,
        )
        for name, source in _CRASHES.items()
    ),
    *(
        Hostile(name=name, source=source, verdict=fails(*kinds.split("|")), levels=EVERYWHERE)
        for name, (source, kinds) in _ENDS.items()
    ),
    *(
        Hostile(
            name=name,
            source=f"{source}\ndef entrypoint():\n    return 0.25\n",
            verdict=_BROKEN,
            levels=EVERYWHERE,
        )
        for name, source in _POISON.items()
    ),
    Hostile(
        name="files that shadow what the sandbox imports",
        source="import numpy, json, helper\ndef entrypoint():\n    return 0.25\n",
        files=dict.fromkeys(
            (
                "numpy.py",
                "json.py",
                "helper.py",
                "validate.py",
                "gigaevo/__init__.py",
                "sitecustomize.py",
                "traceback.py",
                "linecache.py",
                "base64.py",
                "encodings/__init__.py",
            ),
            "raise SystemExit('shadowed')\n",
        ),
        verdict=_BROKEN,
        levels=EVERYWHERE,
    ),
)
