"""Programs that ask the kernel for more: namespaces, mounts, capabilities, clocks, names, and rarely used calls."""

from __future__ import annotations

from tests.hostile.hostile import HELD, Hostile, answers, fails

PROGRAMS = (
    Hostile(
        name="nested namespaces",
        source="""
NAMESPACES = dict(user=0x10000000, mount=0x20000, pid=0x20000000, net=0x40000000, ipc=0x8000000, uts=0x4000000,
                  cgroup=0x2000000, time=0x80)
def cloned(flag):
    result = syscall("clone", flag | 17, 0, 0, 0, 0)
    if result == "returned 0":
        os._exit(0)
    return result
def entrypoint():
    for name, flag in NAMESPACES.items():
        attempt(f"unshare {name}", syscall, "unshare", flag)
        attempt(f"unshare user and {name}", syscall, "unshare", flag | 0x10000000)
        attempt(f"clone {name}", cloned, flag)
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="the namespaces of others",
        source="""
def entrypoint():
    for pid in targets():
        for kind in ("user", "mnt", "net", "pid", "ipc", "uts"):
            attempt(f"{kind} of {pid}", lambda: syscall("setns", os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY), 0))
        attempt(f"all of {pid} by pidfd", lambda: syscall("setns", os.pidfd_open(pid), 0x20000 | 0x40000000))
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="mounts",
        source="""
def text(value):
    return ctypes.c_char_p(value.encode())
def entrypoint():
    os.mkdir("m")
    attempt("tmpfs", syscall, "mount", text("none"), text("m"), text("tmpfs"), 0, None)
    attempt("proc", syscall, "mount", text("none"), text("m"), text("proc"), 0, None)
    attempt("bind", syscall, "mount", text("/"), text("m"), None, 4096 | 16384, None)
    attempt("bind home", syscall, "mount", text(T["home"]), text("m"), None, 4096, None)
    attempt("remount writable", syscall, "mount", None, text("/"), None, 32 | 4096, None)
    attempt("shared", syscall, "mount", None, text("/"), None, (1 << 20) | 16384, None)
    layers = text("lowerdir=/,upperdir=.,workdir=m")
    attempt("overlay", syscall, "mount", text("none"), text("m"), text("overlay"), 0, layers)
    for path in ("/proc", "/dev", "/", T["site"], "."):
        attempt(f"umount {path}", syscall, "umount2", text(path), 2)
    attempt("pivot_root", syscall, "pivot_root", text("."), text("m"))
    attempt("chroot", syscall, "chroot", text("m"))
    attempt("fsopen", syscall, "fsopen", text("tmpfs"), 0)
    attempt("open_tree", syscall, "open_tree", -100, text("/"), 1)
    attempt("move_mount", syscall, "move_mount", -100, text("/"), -100, text("m"), 0)
    attempt("mount_setattr", syscall, "mount_setattr", -100, text("/"), 0x8000, ctypes.create_string_buffer(32), 32)
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="leaves its root by chroot",
        source="""
def entrypoint():
    os.mkdir("jail")
    def leave():
        fd = os.open("/", os.O_RDONLY)
        os.chroot("jail")
        os.fchdir(fd)
        for _ in range(50):
            os.chdir("..")
        os.chroot(".")
        return secret(T["beside"])
    attempt("leave", leave)
    def climb():
        os.chdir("/" + "../" * 50)
        return secret("." + T["beside"])
    attempt("climb", climb)
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="capabilities",
        source="""
def entrypoint():
    def shown():
        with open("/proc/self/status") as file:
            lines = [line for line in file if line.startswith(("CapInh", "CapPrm", "CapEff", "CapAmb"))]
        return [line for line in lines if int(line.split()[1], 16) & ~4]
    attempt("shown", shown)
    class Data(ctypes.Structure):
        _fields_ = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)]
    header = ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0))
    data = (Data * 2)()
    def held():
        assert libc.capget(header, data) == 0
        beyond = 0xFFFFFFFF & ~(1 << 2)  # but for reading: the file rules bind that one, and handles are refused
        return bool((data[0].effective | data[0].permitted) & beyond or data[1].effective or data[1].permitted)
    attempt("capget", held)
    for half in data:
        half.effective = half.permitted = 0xFFFFFFFF
    attempt("capset", syscall, "capset", header, data)
    attempt("no-new-privileges", lambda: libc.prctl(39, 0, 0, 0, 0) != 1)
    attempt("no-new-privileges taken back", lambda: libc.prctl(38, 0, 0, 0, 0) == 0)
    attempt("keep capabilities", lambda: libc.prctl(8, 1, 0, 0, 0) == 0 and os.setresuid(0, 0, 0) is None and held())
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="becomes another user",
        source="""
def entrypoint():
    for user in (0, 1, 1000, 65534):
        if user != os.getuid():
            attempt(f"user {user}", os.setresuid, user, user, user)
            attempt(f"group {user}", os.setresgid, user, user, user) if user != os.getgid() else None
    attempt("groups", os.setgroups, [0, 4, 27])
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="keys of the kernel",
        source="""
def text(value):
    return ctypes.c_char_p(value.encode())
def entrypoint():
    attempt("session keyring", syscall, "keyctl", 0, -3, 1)
    attempt("join a session", syscall, "keyctl", 1, text("gx"))
    attempt("user keyring", syscall, "keyctl", 11, -4, None, 0)
    attempt("add", syscall, "add_key", text("user"), text("gx-" + T["token"]), text("secret"), 6, -4)
    attempt("request", syscall, "request_key", text("user"), text("gx"), None, -4)
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="bpf, perf, userfaultfd and io_uring",
        source="""
def entrypoint():
    block = ctypes.create_string_buffer(256)
    ctypes.memmove(block, struct.pack("IIII", 2, 4, 8, 1), 16)
    attempt("bpf map", syscall, "bpf", 0, block, 72)
    event = ctypes.create_string_buffer(struct.pack("IIQ", 1, 112, 1) + bytes(112))
    attempt("perf of itself", syscall, "perf_event_open", event, 0, -1, -1, 0)
    attempt("perf of all", syscall, "perf_event_open", event, -1, 0, -1, 0)
    attempt("userfaultfd", syscall, "userfaultfd", 0)
    attempt("userfaultfd of users", syscall, "userfaultfd", 1)
    attempt("io_uring", syscall, "io_uring_setup", 4, ctypes.create_string_buffer(120))
    attempt("fanotify", syscall, "fanotify_init", 0, 0)
    attempt("fanotify of users", syscall, "fanotify_init", 0x200, 0)
    attempt("memfd_secret", syscall, "memfd_secret", 0)
    return books()
""",
        verdict=HELD,
        control=True,
    ),
    Hostile(
        name="modules, kernels, ports and swaps",
        source="""
def entrypoint():
    nothing = ctypes.c_char_p(b"gx-none")
    attempt("init_module", syscall, "init_module", None, 0, nothing)
    attempt("finit_module", syscall, "finit_module", 0, nothing, 0)
    attempt("delete_module", syscall, "delete_module", nothing, 0)
    attempt("kexec_load", syscall, "kexec_load", 0, 0, None, 0)
    attempt("swapon", syscall, "swapon", nothing, 0)
    attempt("swapoff", syscall, "swapoff", nothing)
    attempt("acct", syscall, "acct", nothing)
    attempt("quotactl", syscall, "quotactl", 0x80000100, nothing, 0, None)
    attempt("kernel log", syscall, "syslog", 3, ctypes.create_string_buffer(64), 64)
    attempt("reboot", syscall, "reboot", 0xFEE1DEAD, 672274793, 0, None)
    if "iopl" in NUMBERS:
        attempt("iopl", syscall, "iopl", 3)
        attempt("ioperm", syscall, "ioperm", 0x80, 1, 1)
        entry = ctypes.create_string_buffer(struct.pack("IIII", 0, 0, 0, 0x51))
        attempt("modify_ldt", syscall, "modify_ldt", 17, entry, 16)
    attempt("lookup_dcookie", syscall, "lookup_dcookie", 0, None, 0)
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="sets clocks",
        # To the time that it is: shows that it could, and harms nothing where it can.
        source="""
def entrypoint():
    now = time.time()
    attempt("clock_settime", time.clock_settime, time.CLOCK_REALTIME, now)
    value = ctypes.create_string_buffer(struct.pack("qq", int(now), 0))
    attempt("settimeofday", syscall, "settimeofday", value, None)
    attempt("time zone", syscall, "settimeofday", None, ctypes.create_string_buffer(struct.pack("ii", 0, 0)))
    attempt("adjtimex", syscall, "adjtimex", ctypes.create_string_buffer(struct.pack("I", 0x4000) + bytes(204)))
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="renames the machine",
        source="""
def entrypoint():
    name = os.uname().nodename.encode()
    attempt("sethostname", syscall, "sethostname", ctypes.c_char_p(name), len(name))
    attempt("setdomainname", syscall, "setdomainname", ctypes.c_char_p(b"(none)"), 6)
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="system calls of other architectures",
        source="""
import mmap
def entrypoint():
    if platform.machine() != "x86_64":
        DENIED.append("there is no other here")
        return books()
    attempt("x32 getpid", syscall, 0x40000000 | 39)
    attempt("x32 socket", syscall, 0x40000000 | 41, 2, 1, 0)
    attempt("x32 ptrace", syscall, 0x40000000 | 521, 16, T["sibling"], 0, 0)
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    # push rbx; mov eax, edi; mov ebx, esi; xor ecx, ecx; xor edx, edx; int 0x80; pop rbx; ret
    code.write(bytes.fromhex("53 89f8 89f3 31c9 31d2 cd80 5b c3".replace(" ", "")))
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    call = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int)(address)
    attempt("i386 getpid", lambda: call(20, 0) > 0)
    attempt("i386 fork", lambda: call(2, 0) >= 0)
    attempt("i386 unshare", lambda: call(310, 0x10000000) == 0)
    return books()
""",
        verdict=HELD | fails("signal", message="SIGSYS|SIGSEGV"),
    ),
    Hostile(
        name="message queues and semaphores that outlive it",
        source="""
def entrypoint():
    attempt("message queue", syscall, "msgget", T["ipc"], 0o1666)
    attempt("semaphores", syscall, "semget", T["ipc"], 1, 0o1666)
    attempt("shared memory", syscall, "shmget", T["ipc"], 4096, 0o1666)
    attempt("POSIX queue", syscall, "mq_open", ctypes.c_char_p(f"gx-{T['token']}".encode()), 0o100 | 2, 0o666, None)
    return books()
""",
        # In an IPC namespace of its own they may work: nothing is left of them then, which is checked afterwards.
        verdict=HELD | answers("only what goes with its namespace", lambda answer: bool(answer["got"])),
    ),
    Hostile(
        name="filters and rules of its own",
        source="""
def entrypoint():
    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
    code = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7FFF0000))
    program = Program(1, ctypes.addressof(code))
    tried("a filter that allows all", syscall, "seccomp", 1, 0, ctypes.byref(program))
    tried("a listener", syscall, "seccomp", 1, 8, ctypes.byref(program))
    attempt("still no socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).fileno())
    attempt("still no fork", lambda: os.fork() or os._exit(0))
    attempt("still no user's files", secret, T["home"] + "/.env")
    return books()
""",
        verdict=HELD,
    ),
)
