"""Programs that want more than their share: processes, threads, memory, disk, descriptors, output, time."""

from __future__ import annotations

from tests.hostile.hostile import ANY_END, EVERYWHERE, HELD, Hostile, answers, fails

# Every bomb stops by itself, so that one that goes off ends a test and not the machine.
_MOST_HELD_MIB = 320  # what a program that may use 256 MiB can hold, with room for what is not worth counting

PROGRAMS = (
    Hostile(
        name="fork bomb",
        source="""
def bomb():
    for _ in range(200):
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)

def entrypoint():
    attempt("fork", bomb)
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="fork by every system call there is",
        source="""
def bare(name, *args):
    result = syscall(name, *args)
    if result == "returned 0":  # in the child
        os._exit(0)
    return result

def entrypoint():
    attempt("clone", bare, "clone", 17, 0, 0, 0, 0)
    attempt("clone with a new parent", bare, "clone", 17 | 0x8000, 0, 0, 0, 0)
    attempt("clone without a signal", bare, "clone", 0, 0, 0, 0, 0)
    arguments = ctypes.create_string_buffer(struct.pack("<11Q", *(0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0)))
    attempt("clone3", bare, "clone3", arguments, 88)
    if "fork" in NUMBERS:
        attempt("fork", bare, "fork")
    attempt("posix_spawn", os.posix_spawn, sys.executable, [sys.executable, "-c", "pass"], {})
    attempt("forkpty", os.forkpty)
    attempt("popen", lambda: os.popen("id").read())
    attempt("system", lambda: os.system("true") == 0)
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="subprocess and multiprocessing",
        source="""
def entrypoint():
    import subprocess, multiprocessing
    attempt("subprocess", lambda: subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True).stdout)
    attempt("shell", lambda: subprocess.run("echo 1", shell=True, capture_output=True).stdout)
    def start(method):
        process = multiprocessing.get_context(method).Process(target=print)
        process.start()
        process.join(1)
        return process.exitcode == 0
    for method in ("fork", "spawn", "forkserver"):
        attempt(method, start, method)
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="thread bomb",
        source="""
def bomb():
    import threading
    for _ in range(200):
        threading.Thread(target=time.sleep, args=(20,), daemon=True).start()

def entrypoint():
    import _thread
    attempt("threading", bomb)
    attempt("_thread", _thread.start_new_thread, time.sleep, (20,))
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="memory bomb in Python",
        source="""
def entrypoint():
    held = []
    while len(held) < 4000:
        held.append(bytearray(b"x" * (1 << 20)))
    return len(held)
""",
        verdict=fails("memory"),
        levels=EVERYWHERE,
    ),
    Hostile(
        name="memory bomb of small objects",
        source="""
def entrypoint():
    held = []
    for number in range(10**8):
        held.append([number])
    return len(held)
""",
        verdict=fails("memory", "timeout"),
        levels=EVERYWHERE,
    ),
    Hostile(
        name="memory bomb in numpy",
        source="""
def entrypoint():
    import numpy
    return float(numpy.ones((1 << 30,)).sum())
""",
        verdict=fails("memory"),
        levels=EVERYWHERE,
    ),
    Hostile(
        name="memory bomb in numpy that swallows every error",
        source="""
def entrypoint():
    import numpy
    held = []
    for _ in range(3000):
        try:
            held.append(numpy.ones(1 << 17))
        except MemoryError:
            pass
    return len(held)
""",
        verdict=answers("under the cap", lambda held: held < _MOST_HELD_MIB) | fails("memory"),
        levels=EVERYWHERE,
    ),
    Hostile(
        name="memory bomb in anonymous and shared maps",
        source="""
import mmap
def entrypoint():
    held, total = [], 0
    for flags in (mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS):
        try:
            while total < 1024:
                block = mmap.mmap(-1, 1 << 24, flags=flags | 0x4000)
                for page in range(0, 1 << 24, 4096):
                    block[page] = 1
                held.append(block)
                total += 16
        except OSError:
            pass
    return total
""",
        verdict=answers("under the cap", lambda held: held < _MOST_HELD_MIB) | fails("memory", "signal"),
        levels=EVERYWHERE,
    ),
    Hostile(
        name="memory bomb in memfds",
        source="""
def entrypoint():
    total = 0
    fds = []
    try:
        while total < 1024:
            fd = os.memfd_create("bomb")
            fds.append(fd)
            for _ in range(8):
                total += os.write(fd, bytes(1 << 20)) / (1 << 20)
    except OSError:
        pass
    return total
""",
        verdict=answers("under the cap", lambda held: held < _MOST_HELD_MIB) | fails("memory", "signal"),
    ),
    Hostile(
        name="memory bomb in SysV shared memory",
        source="""
def entrypoint():
    def bomb():
        libc.shmat.restype = ctypes.c_void_p
        made = []
        try:
            for number in range(16):
                segment = libc.shmget(T["ipc"] + number, 64 << 20, 0o1666)
                if segment < 0:
                    break
                made.append(segment)
                address = libc.shmat(segment, None, 0)
                if address not in (None, (1 << 64) - 1):
                    ctypes.memset(address, 1, 64 << 20)
                    libc.shmdt(ctypes.c_void_p(address))
        finally:
            return len(made)
    attempt("segments", bomb)
    return books()
""",
        verdict=HELD | fails("memory"),
    ),
    Hostile(
        name="memory bomb in /dev/shm",
        source="""
def entrypoint():
    def bomb(folder):
        total = 0
        for number in range(100):
            with open(f"{folder}/gx-{T['token']}-{number}", "wb") as file:
                total += file.write(bytes(4 << 20))
        return total
    for folder in ("/dev/shm", "/run", "/run/lock", "/tmp", "/dev/mqueue", "/dev/hugepages"):
        attempt(folder, bomb, folder)
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="memory bomb in pipes and socket buffers",
        source="""
import fcntl
def entrypoint():
    total = 0
    kept = []
    try:
        while True:
            r, w = os.pipe()
            kept += [r, w]
            os.set_blocking(w, False)
            try:
                fcntl.fcntl(w, 1031, 1 << 20)
            except OSError:
                pass
            try:
                while True:
                    total += os.write(w, bytes(1 << 16))
            except BlockingIOError:
                pass
    except OSError:
        pass
    return total >> 20
""",
        verdict=answers("under the cap", lambda held: held < _MOST_HELD_MIB) | fails("memory"),
        levels=EVERYWHERE,
    ),
    Hostile(
        name="disk bomb of many files",
        source="""
def entrypoint():
    total = 0
    try:
        for number in range(150):
            with open(f"f{number}", "wb", buffering=0) as file:
                for _ in range(4):
                    total += file.write(bytes(1 << 20))
    except OSError:
        pass
    return total >> 20
""",
        verdict=answers("the whole folder is capped", lambda held: held < _MOST_HELD_MIB)
        | fails("output", "memory", "signal", "exception", "timeout", "exit"),
    ),
    Hostile(
        name="one file beyond the cap, sparse and allocated",
        source="""
def entrypoint():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with open("big", "wb") as file:
        attempt("truncate", file.truncate, 1 << 40)
        attempt("fallocate", os.posix_fallocate, file.fileno(), 0, 1 << 30)
        attempt("seek and write", lambda: os.pwrite(file.fileno(), b"x", 1 << 35))
    return books()
""",
        verdict=HELD,
        levels=EVERYWHERE,
    ),
    Hostile(
        name="more files and folders than are removed at once",
        source="""
def entrypoint():
    made = 0
    try:
        for number in range(800):
            os.mkdir(f"d{number}")
            os.close(os.open(f"f{number}", os.O_CREAT | os.O_WRONLY))
            made += 2
    except OSError:
        pass
    return made
""",
        verdict=answers("how many it made", lambda made: made > 100)
        | fails("output", "exception", "timeout", "exit", "signal"),
        levels=EVERYWHERE,
        limits={"wall_time_s": 10.0},
    ),
    Hostile(
        name="a chain of folders deeper than any path",
        source="""
def entrypoint():
    depth = 0
    try:
        for depth in range(1_100):
            os.mkdir("d" * 50)
            os.chdir("d" * 50)
    except OSError:
        pass
    return depth
""",
        verdict=answers("how deep it came", lambda depth: depth > 500)
        | fails("output", "exception", "timeout", "exit", "signal"),
        levels=EVERYWHERE,
        limits={"wall_time_s": 10.0},
    ),
    Hostile(
        name="descriptor bomb",
        source="""
def entrypoint():
    fds = []
    try:
        while len(fds) < 5000:
            fds.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass
    return len(fds)
""",
        verdict=answers("fewer than the cap", lambda count: 0 < count < 64),
        levels=EVERYWHERE,
    ),
    Hostile(
        name="limits raised",
        source="""
import resource
def entrypoint():
    for name in ("AS", "CPU", "NPROC", "NOFILE", "FSIZE", "CORE", "MEMLOCK", "RTPRIO", "NICE", "SIGPENDING"):
        kind = getattr(resource, "RLIMIT_" + name, None)
        if kind is None:
            continue
        soft, hard = resource.getrlimit(kind)
        if hard != resource.RLIM_INFINITY:
            attempt(name, resource.setrlimit, kind, (hard + 1, hard + 1))
            attempt(name + " without end", resource.setrlimit, kind, (-1, -1))
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="priority over everybody else",
        source="""
def entrypoint():
    attempt("nice", lambda: os.nice(-20) < 0)
    attempt("round robin", os.sched_setscheduler, 0, os.SCHED_RR, os.sched_param(50))
    attempt("first in, first out", os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(50))
    attempt("real-time input and output", syscall, "ioprio_set", 1, 0, (1 << 13) | 0)
    attempt("locked memory", lambda: libc.mlockall(3) == 0 and ctypes.create_string_buffer(32 << 20))
    return books()
""",
        verdict=HELD,
    ),
    *(
        Hostile(
            name=f"flood on {name}",
            source=f"""
def entrypoint():
    while True:
        os.write({fd}, b"x" * 65536)
""",
            verdict=fails("output", message="longer than the"),
            levels=EVERYWHERE,
        )
        for name, fd in (("stdout", 1), ("stderr", 2), ("the result pipe", 3))
    ),
    Hostile(
        name="flood on stdout through a full buffer, then a result",
        source="""
def entrypoint():
    sys.stdout.write("x" * (32 << 20))
    return 1
""",
        verdict=fails("output", message="longer than the"),
        levels=EVERYWHERE,
    ),
    *(
        Hostile(
            name=name,
            source=f"""
os.write(1, b"attacking")
{source}
""",
            verdict=fails("timeout", attacked="attacking"),
            levels=EVERYWHERE,
            limits={"wall_time_s": 0.6},
        )
        for name, source in {
            "endless loop at import": "while True: pass",
            "endless sleep": "def entrypoint():\n    time.sleep(10**6)",
            "endless work in C": "def entrypoint():\n    return 7 ** 7 ** 9",
            "endless backtracking in re": "def entrypoint():\n    return bool(re.match('(a*)*b', 'a' * 60))",
            "endless text of an integer": (
                "def entrypoint():\n    sys.set_int_max_str_digits(0)\n    return len(str(1 << (1 << 24)))"
            ),
            "endless generator as the answer": (
                "class Endless(list):\n    def __iter__(self):\n        while True: yield 1\n"
                "def entrypoint():\n    return sum(Endless([1]))"
            ),
            # The first process of a PID namespace cannot stop itself, so it waits.
            "stops itself": "def entrypoint():\n    os.kill(os.getpid(), signal.SIGSTOP)\n    time.sleep(1000)",
            "ignores every signal": (
                "for number in set(signal.Signals) - {9, 19}:\n"
                "    signal.signal(number, signal.SIG_IGN)\n"
                "signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))\n"
                "def entrypoint():\n    while True: pass"
            ),
            "blocks on an empty pipe": "def entrypoint():\n    r, w = os.pipe()\n    os.read(r, 1)",
            "reads an endless standard input": "def entrypoint():\n    while not sys.stdin.read(1): pass",
        }.items()
    ),
    Hostile(
        name="more CPU time than allowed, with its signal ignored",
        source="""
signal.signal(signal.SIGXCPU, signal.SIG_IGN)
def entrypoint():
    while True: pass
""",
        verdict=fails("timeout", message="CPU"),
        levels=EVERYWHERE,
        limits={"cpu_time_s": 1.0, "wall_time_s": 120.0},
    ),
    Hostile(
        name="storm of timers and signals",
        source="""
os.write(1, b"attacking")
def entrypoint():
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 1e-6, 1e-6)
    while True: pass
""",
        verdict=fails("timeout", attacked="attacking"),
        levels=EVERYWHERE,
        limits={"wall_time_s": 0.6},
    ),
    Hostile(
        name="core dump",
        source="""
def entrypoint():
    import resource
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (-1, -1))
    except (ValueError, OSError):
        pass
    os.kill(os.getpid(), signal.SIGQUIT)
""",
        verdict=fails("signal", message="SIGQUIT") | ANY_END,
        levels=EVERYWHERE,
    ),
    *(
        Hostile(name=name, source=source, verdict=fails("syntax", "memory", "timeout", "signal"), levels=EVERYWHERE)
        for name, source in {
            "parentheses without end": "x = " + "(" * 20_000 + ")" * 20_000,
            "minus signs without end": "x = " + "-" * 200_000 + "1",
            "attributes without end": "x = a" + ".a" * 100_000,
            "indentation without end": "\n".join(" " * depth + "if 1:" for depth in range(200)),
        }.items()
    ),
)
