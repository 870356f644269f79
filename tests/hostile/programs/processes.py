"""Programs that attack other processes, leave some behind, or become another."""

from __future__ import annotations

from tests.hostile.hostile import EVERYWHERE, HELD, ISOLATED, Hostile, answers, fails

_START = """
def start(act):
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            act()
            os.write(w, b"x")
            while True:
                time.sleep(1000)
        finally:
            os._exit(0)
    os.close(w)
    assert os.read(r, 1) == b"x"
    return pid
"""

PROGRAMS = (
    Hostile(
        name="signals to its parent and to the user's processes",
        source="""
def entrypoint():
    parent = os.getppid()
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV):
        if parent:
            tried(f"parent {number}", os.kill, parent, number)
    for pid in {T["server"], T["sibling"], T["victim"]} - {os.getpid(), 0}:
        attempt(f"kill {pid}", os.kill, pid, signal.SIGKILL)
    attempt("the tests", os.kill, T["test"], signal.SIGUSR1)
    return books()
""",
        verdict=HELD,
        victim=True,
    ),
    Hostile(
        name="signals by every other system call",
        source="""
def entrypoint():
    info = ctypes.create_string_buffer(struct.pack("iii", 15, 0, -1) + bytes(120))
    for pid in set(targets()) - {1}:
        attempt(f"tkill {pid}", syscall, "tkill", pid, 15)
        attempt(f"tgkill {pid}", syscall, "tgkill", pid, pid, 15)
        attempt(f"rt_sigqueueinfo {pid}", syscall, "rt_sigqueueinfo", pid, 15, info)
        attempt(f"rt_tgsigqueueinfo {pid}", syscall, "rt_tgsigqueueinfo", pid, pid, 15, info)
        attempt(f"killpg {pid}", os.killpg, pid, signal.SIGTERM)
        def by_descriptor():
            return signal.pidfd_send_signal(os.pidfd_open(pid), signal.SIGTERM)
        attempt(f"pidfd {pid}", by_descriptor)
        def by_owner():
            import fcntl
            r, w = os.pipe()
            fcntl.fcntl(r, fcntl.F_SETOWN, pid)
            fcntl.fcntl(r, 10, signal.SIGTERM)
            fcntl.fcntl(r, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
            os.write(w, b"x")
            return False
        attempt(f"by owner of a pipe {pid}", by_owner)
    return books()
""",
        verdict=HELD,
        victim=True,
    ),
    Hostile(
        name="signals to everybody",
        # SIGURG does nothing to who does not wait for it: it shows whether they can be reached, and harms none.
        source="""
signal.signal(signal.SIGURG, signal.SIG_IGN)
def entrypoint():
    tried("kill(-1)", os.kill, -1, signal.SIGURG)
    return books()
""",
        verdict=HELD | fails("signal"),
    ),
    Hostile(
        name="kills its process group",
        source="""
def entrypoint():
    os.kill(0, signal.SIGKILL)
    return 1
""",
        verdict=fails("signal", message="SIGKILL")
        | answers("1: it may not", lambda answer: answer == 1)
        | fails("exception"),
        levels=EVERYWHERE,
    ),
    Hostile(
        name="kills the group of its parent",
        source="""
def entrypoint():
    import contextlib
    for pid in targets():
        with contextlib.suppress(OSError):
            group = os.getpgid(pid)
            if group not in (0, os.getpgid(0)):
                tried(f"killpg {pid}", os.killpg, group, signal.SIGURG)
    tried("any group", os.killpg, T["server"], signal.SIGTERM)
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="ptrace of others",
        source="""
def entrypoint():
    for pid in targets():
        attempt(f"attach {pid}", syscall, "ptrace", 16, pid, 0, 0)
        attempt(f"seize {pid}", syscall, "ptrace", 0x4206, pid, 0, 0)
    return books()
""",
        verdict=HELD,
        victim=True,
    ),
    Hostile(
        name="memory of others by process_vm and process_madvise",
        source="""
def entrypoint():
    buffer = ctypes.create_string_buffer(64)
    local = ctypes.create_string_buffer(struct.pack("QQ", ctypes.addressof(buffer), 64))
    remote = ctypes.create_string_buffer(struct.pack("QQ", ctypes.addressof(buffer), 64))
    for pid in targets():
        attempt(f"read {pid}", syscall, "process_vm_readv", pid, local, 1, remote, 1, 0)
        attempt(f"write {pid}", syscall, "process_vm_writev", pid, local, 1, remote, 1, 0)
        attempt(f"compare {pid}", syscall, "kcmp", os.getpid(), pid, 0, 1, 1)
        attempt(f"pages {pid}", syscall, "migrate_pages", pid, 8, ctypes.create_string_buffer(b"\\1"),
                ctypes.create_string_buffer(b"\\1"))
        attempt(f"write to its memory {pid}", lambda: os.close(os.open(f"/proc/{pid}/mem", os.O_RDWR)) or True)
    return books()
""",
        verdict=HELD,
        victim=True,
    ),
    Hostile(
        name="descriptors of others by pidfd",
        source="""
def entrypoint():
    for pid in targets():
        def steal():
            fd = os.pidfd_open(pid)
            for number in range(3, 30):
                try:
                    return syscall("pidfd_getfd", fd, number, 0)
                except OSError:
                    continue
            return False
        attempt(f"descriptors of {pid}", steal)
    return books()
""",
        verdict=HELD,
        victim=True,
        control=True,
    ),
    Hostile(
        name="limits, priority and processors of others",
        source="""
def entrypoint():
    import resource
    for pid in targets():
        attempt(f"limits of {pid}", resource.prlimit, pid, resource.RLIMIT_NOFILE, (3, 3))
        attempt(f"core limit of {pid}", resource.prlimit, pid, resource.RLIMIT_CPU, (10**6, 10**6))
        attempt(f"processors of {pid}", os.sched_setaffinity, pid, {0})
        attempt(f"schedule of {pid}", os.sched_setscheduler, pid, os.SCHED_IDLE, os.sched_param(0))
        attempt(f"priority of {pid}", os.setpriority, os.PRIO_PROCESS, pid, 19)
        attempt(f"input and output of {pid}", syscall, "ioprio_set", 1, pid, (3 << 13))
    attempt("priority of the user", os.setpriority, os.PRIO_USER, os.getuid(), 19)
    attempt("input and output of the user", syscall, "ioprio_set", 3, os.getuid(), (3 << 13))
    return books()
""",
        verdict=HELD,
        victim=True,
    ),
    Hostile(
        name="outlives its server",
        source="""
libc.prctl(1, 0, 0, 0, 0)
libc.prctl(36, 1, 0, 0, 0)
os.write(1, b"attacking")
def entrypoint():
    time.sleep(1000)
""",
        verdict=fails("timeout", attacked="attacking"),
        limits={"wall_time_s": 0.6},
        levels=EVERYWHERE,
    ),
    *(
        Hostile(
            name=name,
            source=_START + f"def act():\n    {act}\ndef entrypoint():\n    start(act)\n    return 'done'\n",
            verdict=answers("done, and nothing is left", lambda answer: answer == "done"),
            allow=("processes",),
            levels=EVERYWHERE,
        )
        for name, act in {
            "child that stays": "pass",
            "child in another group": "tried('group', os.setpgid, 0, 0)",
            "daemon": "os.fork() and os._exit(0); tried('session', os.setsid); os.fork() and os._exit(0)",
            "daemon without descriptors": (
                "os.fork() and os._exit(0); tried('session', os.setsid); [os.close(fd) for fd in (0, 1, 2, 3)]"
            ),
            "child that ignores signals": (
                "[signal.signal(n, signal.SIG_IGN) for n in set(signal.Signals) - {9, 19}]; "
                "signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))"
            ),
            "child that adopts orphans": "libc.prctl(36, 1, 0, 0, 0); os.fork() or time.sleep(1000)",
            "chain of sessions": ("[os.fork() and os._exit(0) or tried('session', os.setsid) for _ in range(3)]"),
            "child that changes its name": (
                "libc.prctl(15, b'python', 0, 0, 0); libc.prctl(4, 0, 0, 0, 0); libc.prctl(1, 0, 0, 0, 0)"
            ),
        }.items()
    ),
    Hostile(
        name="stopped orphan",
        source="""
def entrypoint():
    pid = os.fork()
    if pid == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    os.waitpid(pid, os.WUNTRACED)
    return "done"
""",
        verdict=answers("done, and nothing is left", lambda answer: answer == "done"),
        allow=("processes",),
        levels=EVERYWHERE,
    ),
    Hostile(
        name="children that hold every pipe open",
        source="""
def entrypoint():
    for _ in range(3):
        if os.fork() == 0:
            time.sleep(1000)
            os._exit(0)
    return "done"
""",
        verdict=answers("done, without waiting", lambda answer: answer == "done"),
        allow=("processes",),
        levels=EVERYWHERE,
    ),
    Hostile(
        name="children that fork as fast as they are killed",
        source="""
os.write(1, b"attacking")
def entrypoint():
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if os.fork():
                os._exit(0)
        except OSError:
            pass
""",
        verdict=fails("exit", "timeout", "signal", attacked="attacking") | answers("nothing, when no fork works"),
        allow=("processes",),
        limits={"wall_time_s": 0.6},
    ),
    Hostile(
        name="fork bomb where processes are allowed",
        source="""
def entrypoint():
    count = 0
    try:
        for _ in range(300):
            if os.fork() == 0:
                time.sleep(20)
                os._exit(0)
            count += 1
    except OSError:
        pass
    return count
""",
        verdict=answers("no more than the cap", lambda count: 0 < count < 16),
        allow=("processes",),
    ),
    Hostile(
        name="children that share out a memory bomb",
        source="""
def entrypoint():
    pids = []
    for _ in range(4):
        r, w = os.pipe()
        pid = os.fork()
        if pid == 0:
            held = 0
            try:
                block = bytearray(b"x" * (200 << 20))
                held = 200
            except MemoryError:
                pass
            os.write(w, bytes([held]))
            time.sleep(3)
            os._exit(0)
        pids.append((pid, r, w))
    total = 0
    for pid, r, w in pids:
        os.close(w)
        got = os.read(r, 1)
        total += got[0] if got else 0
    return total
""",
        verdict=answers("under the cap of all together", lambda held: held <= 400) | fails("memory", "signal"),
        allow=("processes",),
    ),
    Hostile(
        name="forged answer from a child, before the parent's",
        source="""
def entrypoint():
    if os.fork() == 0:
        text = b'"forged"'
        os.write(3, b"V" + len(text).to_bytes(4, "big") + text)
        os._exit(0)
    os.wait()
    return "honest"
""",
        verdict=answers("honest", lambda answer: answer == "honest") | fails("output", "exit"),
        allow=("processes",),
        levels=EVERYWHERE,
    ),
    Hostile(
        name="forged answer from a child, after the parent's end",
        source="""
def entrypoint():
    if os.fork() == 0:
        tried("group", os.setpgid, 0, 0)
        text = b'"forged"'
        while os.getppid() == T_PARENT:
            pass
        os.write(3, b"V" + len(text).to_bytes(4, "big") + text)
        os._exit(0)
    os._exit(0)
T_PARENT = os.getpid()
""",
        verdict=fails("exit", "output"),
        allow=("processes",),
        levels=EVERYWHERE,
    ),
    Hostile(
        name="child that returns from entrypoint too",
        source="""
def entrypoint():
    if os.fork():
        os.wait()
        return "parent"
    return "child"
""",
        verdict=answers("parent", lambda answer: answer == "parent"),
        allow=("processes",),
        levels=EVERYWHERE,
    ),
    Hostile(
        name="threads that never end",
        source="""
def entrypoint():
    import threading
    def spin():
        while True:
            time.sleep(0.01)
    for _ in range(3):
        threading.Thread(target=spin).start()
    return "done"
""",
        verdict=answers("done, without waiting", lambda answer: answer == "done"),
        allow=("threads",),
        levels=EVERYWHERE,
    ),
    Hostile(
        name="fork where only threads are allowed",
        source="""
def entrypoint():
    attempt("fork", lambda: os.fork() or os._exit(0))
    def bare():
        result = syscall("clone", 17, 0, 0, 0, 0)
        if result == "returned 0":
            os._exit(0)
        return result
    attempt("clone", bare)
    return books()
""",
        verdict=HELD,
        allow=("threads",),
        levels=ISOLATED,
    ),
    Hostile(
        name="becomes another program",
        source="""
def entrypoint():
    for path in ("/bin/sh", "/usr/bin/env", "/bin/busybox", sys.executable):
        attempt(f"find {path} and run it", lambda: os.access(path, os.X_OK) and os.execv(path, [path, "-c", "exit 0"]))
    for path in ("/bin/sh", "/lib64/ld-linux-x86-64.so.2", sys.executable):
        attempt(path, os.execv, path, [path, "-c", "exit 0"])
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="becomes a set-uid program",
        source="""
def entrypoint():
    for name in ("su", "sudo", "mount", "umount", "passwd", "newgrp", "chsh", "pkexec", "fusermount3"):
        for folder in ("/bin", "/usr/bin"):
            attempt(f"{folder}/{name}", os.execv, f"{folder}/{name}", [name, "--help"])
    attempt("setuid(0) as another", lambda: os.getuid() != 0 and os.setuid(0) is None)
    open("mine", "w").close()
    tried("own set-uid file", os.chmod, "mine", 0o6777)
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="runs a program from memory or from its own folder",
        source="""
def entrypoint():
    script = b"#!/bin/sh\\nexit 0\\n"
    def from_memory():
        fd = os.memfd_create("x", 0)
        os.write(fd, open(sys.executable, "rb").read())
        os.execve(fd, ["x", "-c", "pass"], {})
    attempt("memfd", from_memory)
    with open("own", "wb") as file:
        file.write(script)
    tried("mode", os.chmod, "own", 0o755)
    attempt("own file", os.execv, "./own", ["own"])
    attempt("execveat", syscall, "execveat", -100, ctypes.c_char_p(b"./own"), None, None, 0)
    import shutil
    def copy():
        shutil.copy(os.path.realpath("/bin/true"), "true")
        os.execv("./true", ["true"])
    attempt("copied binary", copy)
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="answers through a program that it becomes",
        source="""
def entrypoint():
    code = "import os; t = b'\\\\x22forged\\\\x22'; os.write(3, b'V' + len(t).to_bytes(4, 'big') + t)"
    os.set_inheritable(3, True)
    os.execv(sys.executable, [sys.executable, "-S", "-c", code])
""",
        verdict=fails("exception", "exit", "output"),
    ),
    Hostile(
        name="changes its session, its group and its terminal",
        source="""
def entrypoint():
    tried("setsid", os.setsid)
    tried("setpgid", os.setpgid, 0, 0)
    for pid in targets():
        attempt(f"join the group of {pid}", lambda: os.setpgid(0, os.getpgid(pid)))
    attempt("terminal", lambda: os.open("/dev/tty", os.O_RDWR))
    import fcntl
    attempt("type for the user", lambda: fcntl.ioctl(0, 0x5412, b"x"))
    return books()
""",
        verdict=HELD,
    ),
)
