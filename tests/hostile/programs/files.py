"""Programs that read what is not theirs, write where they must not, and leave traps for whoever cleans up."""

from __future__ import annotations

from tests.hostile.hostile import ANY_END, EVERYWHERE, HELD, NO_SECRET, Hostile, answers, fails

_LOOK = """
PLACES = [T["home"] + "/" + name for name in (
    ".ssh/id_rsa", ".env", ".bash_history", ".netrc", ".aws/credentials", ".config/keys.json")] + [T["beside"]]
"""

PROGRAMS = (
    Hostile(
        name="reads keys, history and settings of the user",
        source=_LOOK
        + """
def entrypoint():
    for path in PLACES:
        attempt(path, secret, path)
    return books()
""",
        verdict=HELD,
        control=True,
    ),
    Hostile(
        name="reads accounts, logs and settings of the machine",
        source="""
def entrypoint():
    for path in ("/etc/shadow", "/etc/hostname", "/etc/machine-id", "/etc/ssh/sshd_config",
                 "/etc/fstab", "/var/log/dpkg.log", "/var/lib/dpkg/status", "/boot/config", "/proc/cmdline",
                 "/proc/kcore", "/proc/kallsyms", "/proc/config.gz", "/proc/1/cmdline", "/sys/kernel/notes"):
        attempt(path, read, path, 64)
    attempt("accounts", lambda: b"root" in read("/etc/passwd"))
    own = ("passwd", "group", "hosts", "localtime", "ld.so.cache")
    for folder in ("/root", "/home", "/etc", "/work", "/srv", "/opt", "/mnt", "/boot", "/var/log", T["real_home"]):
        attempt(folder, lambda: [name for name in os.listdir(folder) if os.path.isfile(f"{folder}/{name}")
                                 and name not in own])
    return books()
""",
        verdict=HELD,
        control=True,
    ),
    Hostile(
        name="reads through links that it makes",
        source=_LOOK
        + """
def linked(make, number, path):
    make(path, f"l{number}")
    return secret(f"l{number}")

def entrypoint():
    for number, path in enumerate(PLACES):
        attempt(f"symbolic {path}", linked, os.symlink, 2 * number, path)
        attempt(f"hard {path}", linked, os.link, 2 * number + 1, path)
    os.symlink(T["home"], "folder")
    attempt("a folder", lambda: os.listdir("folder"))
    attempt("through the folder", secret, "folder/.env")
    os.symlink("/proc/self/root", "root")
    attempt("through its root", secret, "root" + T["beside"])
    return books()
""",
        verdict=HELD,
        control=True,
    ),
    Hostile(
        name="reads through descriptors, mounts and roots in /proc",
        source="""
def entrypoint():
    home = T["home"] + "/.env"
    for pid in visible():
        attempt(f"root of {pid}", secret, f"/proc/{pid}/root{home}")
        attempt(f"folder of {pid}", lambda: os.listdir(f"/proc/{pid}/cwd/"))
        for fd in range(20):
            path = f"/proc/{pid}/fd/{fd}"
            attempt(path, lambda: os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK)) or True)
    attempt("by O_PATH", lambda: secret(f"/proc/self/fd/{os.open(home, os.O_PATH)}"))
    attempt("by its task", secret, f"/proc/self/task/{os.getpid()}/root{home}")
    return books()
""",
        verdict=HELD,
        control=True,
    ),
    Hostile(
        name="reads by handles and by openat2",
        source="""
def entrypoint():
    handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0) + bytes(128))
    mount = ctypes.c_int()
    path = (T["home"] + "/.env").encode()
    attempt("name_to_handle_at", syscall, "name_to_handle_at", -100, ctypes.c_char_p(path), handle,
            ctypes.byref(mount), 0)
    for folder in (b"/", b".", path.rpartition(b"/")[0]):
        def by_handle():
            fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            made = ctypes.create_string_buffer(struct.pack("IiQ", 8, 1, 2 << 32 >> 32))
            return syscall("open_by_handle_at", fd, made, 0)
        attempt(f"open_by_handle_at from {folder}", by_handle)
    how = ctypes.create_string_buffer(struct.pack("QQQ", 0, 0, 0))
    attempt("openat2", syscall, "openat2", -100, ctypes.c_char_p(path), how, 24)
    return books()
""",
        verdict=HELD,
        control=True,
    ),
    Hostile(
        name="reads environments",
        source="""
def entrypoint():
    def own():
        found = FORM.search(json.dumps(dict(os.environ)).encode())
        return found.group().decode() if found else False
    attempt("its own", own)
    attempt("its own in /proc", secret, "/proc/self/environ")
    for pid in visible():
        attempt(f"of {pid}", secret, f"/proc/{pid}/environ")
    return books()
""",
        verdict=HELD,
        victim=True,
        control=True,
    ),
    Hostile(
        name="reads the names of environment variables that could be keys",
        source="""
def entrypoint():
    for name in os.environ:
        attempt(name, lambda: any(word in name.upper() for word in ("KEY", "TOKEN", "SECRET", "PASSW", "SSH")))
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="reads memory, maps and command lines of other processes",
        source="""
def entrypoint():
    for pid in visible():
        attempt(f"memory of {pid}", lambda: os.close(os.open(f"/proc/{pid}/mem", os.O_RDONLY)) or True)
        attempt(f"maps of {pid}", read, f"/proc/{pid}/maps")
        attempt(f"stack of {pid}", read, f"/proc/{pid}/stack")
    for pid in (T["test"], T["sibling"], T["server"]):
        if pid != os.getpid():
            attempt(f"command line of {pid}", read, f"/proc/{pid}/cmdline")
            attempt(f"mounts of {pid}", read, f"/proc/{pid}/mountinfo")
    return books()
""",
        verdict=HELD,
        victim=True,
        control=True,
    ),
    Hostile(
        name="reads and changes the scratch folder of another program",
        source="""
def entrypoint():
    for folder in {T["victim_folder"], os.path.dirname(T["victim_folder"])} - {os.getcwd(), ""}:
        attempt(f"list {folder}", lambda: [name for name in os.listdir(folder)
                                           if os.path.join(folder, name) != os.getcwd()])
        attempt(f"write {folder}", lambda: open(folder + "/evil.py", "w").write("x = 1"))
    if T["victim_folder"] in ("", os.getcwd()):  # its own folder has the same name
        DENIED.append("it cannot be named")
        return books()
    attempt("read", secret, T["victim_folder"] + "/secret.txt")
    attempt("by the folder above", lambda: [n for n in os.listdir("..") if n not in (os.path.basename(os.getcwd()),)
                                            and os.path.isfile(f"../{n}/secret.txt")])
    attempt("overwrite", lambda: open(T["victim_folder"] + "/secret.txt", "w").write("changed"))
    attempt("remove", os.remove, T["victim_folder"] + "/secret.txt")
    attempt("move", os.rename, T["victim_folder"], os.getcwd() + "/stolen")
    return books()
""",
        verdict=HELD,
        victim=True,
    ),
    Hostile(
        name="writes everywhere",
        source="""
def entrypoint():
    name = f"gx-{T['token']}"
    for folder in (T["home"], T["real_home"], T["problem"], T["site"], T["stdlib"], T["checkout"], T["tmp"], T["run"],
                   "/tmp", "/var/tmp", "/dev/shm", "/etc", "/etc/cron.d", "/usr/local/bin", "/var/lib", "/", "/root",
                   "/home", "/dev", "/proc", "/sys", "/run", "/run/lock", "/work"):
        def write():
            with open(f"{folder}/{name}", "w") as file:
                return file.write("x")
        if folder == "/" or os.path.realpath(folder) != os.getcwd():
            attempt(f"file in {folder}", write)
            attempt(f"folder in {folder}", os.mkdir, f"{folder}/{name}-d")
            attempt(f"link in {folder}", os.symlink, "/etc", f"{folder}/{name}-l")
            attempt(f"fifo in {folder}", os.mkfifo, f"{folder}/{name}-f")
            attempt(f"nameless file in {folder}", lambda: os.close(os.open(folder, os.O_TMPFILE | os.O_WRONLY)) or True)
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="overwrites what others import",
        source="""
def entrypoint():
    import numpy
    for path in (json.__file__, os.__file__, numpy.__file__, T["problem"] + "/helper.py", T["problem"] + "/validate.py",
                 T["home"] + "/.bashrc", sys.executable):
        for mode in ("r+b", "ab"):
            attempt(f"{mode} {path}", lambda: open(path, mode).close())
        attempt(f"O_PATH and back {path}", lambda: open(f"/proc/self/fd/{os.open(path, os.O_PATH)}", "r+b").close())
    for folder in (T["site"], T["stdlib"], T["problem"]):
        for name in ("sitecustomize.py", "usercustomize.py", f"gx-{T['token']}.pth", "validate.py.bak"):
            def create():
                os.close(os.open(f"{folder}/{name}", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
                os.remove(f"{folder}/{name}")
            attempt(f"{folder}/{name}", create)
        attempt(f"{folder}/__pycache__", lambda: os.close(os.open(
            f"{folder}/__pycache__/gx-{T['token']}.pyc", os.O_CREAT | os.O_EXCL | os.O_WRONLY)) or True)
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="changes mode, owner, times and attributes of the user's files",
        source="""
import fcntl
def entrypoint():
    for path in (T["home"] + "/.env", T["home"], T["problem"] + "/validate.py", T["beside"], T["problem"]):
        attempt(f"mode of {path}", os.chmod, path, 0o777)
        attempt(f"owner of {path}", os.chown, path, os.getuid(), os.getgid())
        attempt(f"owner of {path} itself", os.lchown, path, os.getuid(), os.getgid())
        attempt(f"times of {path}", os.utime, path, (1, 1))
        attempt(f"attribute of {path}", os.setxattr, path, b"user.gx", b"1")
        attempt(f"mode by descriptor of {path}", lambda: os.chmod(f"/proc/self/fd/{os.open(path, os.O_PATH)}", 0o777))
    for path in (T["problem"] + "/data.csv", T["problem"] + "/helper.py"):  # which it may read
        fd = os.open(path, os.O_RDONLY)
        attempt(f"mode by descriptor of {path}", os.fchmod, fd, 0o600)
        attempt(f"times by descriptor of {path}", os.utime, fd, (1, 1))
        attempt(f"owner by descriptor of {path}", os.fchown, fd, os.getuid(), os.getgid())
        attempt(f"attribute by descriptor of {path}", os.setxattr, fd, b"user.gx", b"1")
        attempt(f"flags by descriptor of {path}", fcntl.ioctl, fd, 0x40086602, struct.pack("l", 0x40))
        attempt(f"lease of {path}", fcntl.fcntl, fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="truncates, moves and removes the user's files",
        source="""
def entrypoint():
    for path in (T["home"] + "/.env", T["home"] + "/.ssh/id_rsa", T["problem"] + "/validate.py", T["beside"]):
        attempt(f"truncate {path}", os.truncate, path, 0)
        attempt(f"open and truncate {path}", lambda: os.close(os.open(path, os.O_WRONLY | os.O_TRUNC)) or True)
        attempt(f"move {path}", os.rename, path, "mine")
        attempt(f"move over {path}", lambda: open("x", "w").close() or os.rename("x", path) or True)
        attempt(f"remove {path}", os.remove, path)
    attempt("remove a folder", os.rename, T["home"] + "/.ssh", "ssh")
    attempt("exchange", lambda: libc.renameat2(-100, (T["home"] + "/.env").encode(), -100, b"x", 2) == 0)
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="leaves links to files and folders outside in its scratch folder",
        source="""
def entrypoint():
    os.makedirs("a/b")
    outside = (T["home"], T["home"] + "/.env", T["problem"], T["beside"], "/etc", "/", "..", "../..")
    for number, path in enumerate(outside):
        os.symlink(path, f"s{number}")
        os.symlink(path, f"a/b/s{number}")
        try:
            os.link(path, f"h{number}")
        except OSError:
            pass
    os.symlink("loop", "loop")
    return 1
""",
        verdict=answers("1", lambda answer: answer == 1),
        levels=EVERYWHERE,
    ),
    Hostile(
        name="puts a link to the user's home in place of its scratch folder",
        source="""
def entrypoint():
    own = os.getcwd()
    tried("move", os.rename, own, own + "-moved")
    tried("remove", os.rmdir, own)
    tried("link", os.symlink, T["home"], own)
    tried("link beside", os.symlink, T["home"], own + "~0")
    return books()
""",
        verdict=HELD,
        levels=EVERYWHERE,
    ),
    Hostile(
        name="leaves what cannot be opened, read or written",
        source="""
def entrypoint():
    os.makedirs("a/b/c")
    os.mkfifo("fifo")
    os.mkfifo("a/b/fifo")
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.bind("sock")
    except OSError:
        pass
    open("a/b/c/file", "w").close()
    for name in (b"\\xff\\xfe", b"new\\nline", b"-rf", b"~", b"x" * 255, "\\u202e".encode()):
        os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
    for folder in ("a/b/c", "a/b", "a", "."):
        os.chmod(folder, 0)
    return 1
""",
        verdict=answers("1", lambda answer: answer == 1) | fails("exception"),
        levels=EVERYWHERE,
    ),
    Hostile(
        name="leaves files that are immutable",
        source="""
import fcntl
def entrypoint():
    open("file", "w").close()
    os.mkdir("folder")
    for name in ("file", "folder", "."):
        def lock():
            fd = os.open(name, os.O_RDONLY)
            return fcntl.ioctl(fd, 0x40086602, struct.pack("l", 0x30)) is not None
        tried(name, lock)
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="makes device nodes and reads the disk",
        source="""
def entrypoint():
    import stat
    for name, kind, major, minor in (("disk", stat.S_IFBLK, 254, 0), ("disk2", stat.S_IFBLK, 259, 0),
                                     ("mem", stat.S_IFCHR, 1, 1), ("kmsg", stat.S_IFCHR, 1, 11)):
        attempt(f"make {name}", os.mknod, name, kind | 0o666, os.makedev(major, minor))
        attempt(f"open {name}", lambda: os.close(os.open(name, os.O_RDWR | os.O_NONBLOCK)) or True)
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="opens devices and switches of the kernel",
        source="""
def entrypoint():
    for path in ("/dev/mem", "/dev/kmem", "/dev/port", "/dev/kmsg", "/dev/vda", "/dev/sda", "/dev/loop0",
                 "/dev/loop-control", "/dev/fuse", "/dev/kvm", "/dev/net/tun", "/dev/tty", "/dev/tty1", "/dev/ptmx",
                 "/dev/cpu_dma_latency", "/dev/vhost-vsock", "/dev/vsock", "/dev/hwrng", "/dev/uinput"):
        attempt(path, lambda: os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)) or True)
    for path in ("/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname",
                 "/proc/sys/vm/drop_caches", "/proc/sys/kernel/modprobe", "/proc/self/oom_score_adj",
                 "/sys/kernel/uevent_helper", "/sys/power/state", "/sys/fs/cgroup/cgroup.procs",
                 "/proc/self/uid_map", "/proc/self/attr/current", "/proc/self/timerslack_ns"):
        attempt(path, lambda: os.close(os.open(path, os.O_WRONLY)) or True)
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="deletes its own folder",
        source="""
import shutil
def entrypoint():
    own = os.getcwd()
    shutil.rmtree(own, ignore_errors=True)
    return 1
""",
        verdict=answers("1", lambda answer: answer == 1),
        levels=EVERYWHERE,
    ),
    Hostile(
        name="files that vanish while it runs",
        source="""
def entrypoint():
    for number in range(200):
        with open("f", "w") as file:
            os.unlink("f")
            file.write("x" * 4096)
    import part
    os.unlink("part.py")
    return part.VALUE
""",
        files={"part.py": "VALUE = 7\n"},
        verdict=answers("7", lambda answer: answer == 7),
        levels=EVERYWHERE,
    ),
    Hostile(
        name="writes to descriptors that are not its own",
        source="""
def entrypoint():
    for fd in range(4, 1100):
        attempt(f"{fd}", os.write, fd, b"forged")
        attempt(f"{fd} as a socket", lambda: libc.send(fd, b"x", 1, 0x40) >= 0)
    return books()
""",
        verdict=HELD,
        levels=EVERYWHERE,
    ),
    *(
        Hostile(
            name=f"artifacts: {name}",
            source=source,
            verdict=ANY_END & NO_SECRET,
        )
        for name, source in {
            "links to the user's files": _LOOK
            + """
def entrypoint():
    os.makedirs("artifacts", exist_ok=True)
    for number, path in enumerate(PLACES + ["/proc/self/environ", T["problem"] + "/validate.py"]):
        os.symlink(path, f"artifacts/s{number}.txt")
        try:
            os.link(path, f"artifacts/h{number}.txt")
        except OSError:
            pass
    return 1
""",
            "a link in place of the folder": """
def entrypoint():
    try:
        os.rmdir("artifacts")
    except OSError:
        pass
    os.symlink(T["artifact_trap"], "artifacts")
    return 1
""",
            "fifos, sockets and devices that would block a reader": """
def entrypoint():
    os.makedirs("artifacts", exist_ok=True)
    os.mkfifo("artifacts/f.txt")
    os.symlink("/dev/zero", "artifacts/zero.csv")
    os.symlink("/dev/stdin", "artifacts/in.txt")
    os.symlink("loop.txt", "artifacts/loop.txt")
    try:
        socket.socket(socket.AF_UNIX).bind("artifacts/s.txt")
    except OSError:
        pass
    return 1
""",
            "too many and too large": """
def entrypoint():
    os.makedirs("artifacts/deep.txt", exist_ok=True)
    for number in range(3000):
        os.close(os.open(f"artifacts/{number}.txt", os.O_CREAT | os.O_WRONLY))
    with open("artifacts/large.txt", "wb") as file:
        file.truncate(8 << 20)
    with open("artifacts/\\udcff.txt", "wb") as file:
        file.write(b"\\xff\\x00" * 1000)
    with open("artifacts/bad.png", "wb") as file:
        file.write(b"no picture")
    return 1
""",
        }.items()
    ),
)
