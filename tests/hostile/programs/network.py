"""Programs that want to talk: every socket family, the servers of the host, and the ways around a filter."""

from __future__ import annotations

from tests.hostile.hostile import HELD, Hostile, answers

PROGRAMS = (
    Hostile(
        name="connects to a TCP server of the host",
        source="""
def entrypoint():
    attempt("connect", lambda: socket.create_connection(("127.0.0.1", T["tcp"]), 2).sendall(b"hello"))
    attempt("by name", lambda: socket.create_connection(("localhost", T["tcp"]), 2))
    return books()
""",
        verdict=HELD,
        control=True,
    ),
    Hostile(
        name="connects over IPv6",
        source="""
def entrypoint():
    attempt("connect", lambda: socket.create_connection(("::1", T["tcp6"]), 2).sendall(b"hello"))
    attempt("mapped", lambda: socket.create_connection(("::ffff:127.0.0.1", T["tcp"]), 2).sendall(b"hello"))
    return books()
""",
        verdict=HELD,
        control=True,
    ),
    Hostile(
        name="sends datagrams",
        source="""
def entrypoint():
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        attempt(host, lambda: socket.socket(family, socket.SOCK_DGRAM).sendto(b"hello", (host, T["udp"])))
    attempt("a name server", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53)))
    return books()
""",
        verdict=HELD,
        control=True,
    ),
    Hostile(
        name="connects without connect, by TCP fast open",
        source="""
def entrypoint():
    def send(kind, protocol):
        with socket.socket(socket.AF_INET, kind, protocol) as sock:
            return sock.sendto(b"hello", 0x20000000, ("127.0.0.1", T["tcp"]))
    attempt("fast open", send, socket.SOCK_STREAM, 0)
    attempt("multipath", send, socket.SOCK_STREAM, 262)
    return books()
""",
        verdict=HELD,
        control=True,
    ),
    Hostile(
        name="fetches a page",
        source="""
def entrypoint():
    import urllib.request, http.client
    attempt("urllib", lambda: urllib.request.urlopen(f"http://127.0.0.1:{T['tcp']}/", timeout=1))
    def ask():
        connection = http.client.HTTPConnection("127.0.0.1", T["tcp"], timeout=1)
        connection.request("GET", "/")
        return True
    attempt("http.client", ask)
    return books()
""",
        verdict=HELD,
        control=True,
    ),
    Hostile(
        name="serves the network",
        source="""
def entrypoint():
    for host in ("127.0.0.1", "0.0.0.0", "::"):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        attempt(host, lambda: socket.create_server((host, 0), family=family))
    return books()
""",
        verdict=HELD,
        control=True,
    ),
    Hostile(
        name="connects to a unix socket of the host",
        source="""
def entrypoint():
    def connect():
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.connect(T["unix"])
        return sock.send(b"hello")
    attempt("path", connect)
    def relative():
        os.symlink(T["unix"], "s")
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.connect("s")
        return sock.send(b"hello")
    attempt("through a link", relative)
    attempt("datagram", lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"hello", T["dgram"]))
    for path in ("/run/systemd/private", "/run/dbus/system_bus_socket", "/var/run/docker.sock", "/dev/log"):
        def system():
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            sock.connect(path)
            return True
        attempt(path, system)
    return books()
""",
        verdict=HELD,
        control=True,
    ),
    Hostile(
        name="connects to an abstract unix socket of the host",
        source="""
def entrypoint():
    def connect():
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.connect(chr(0) + T["abstract"])
        return sock.send(b"hello")
    attempt("stream", connect)
    attempt("datagram", lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(
        b"hello", chr(0) + T["abstract"] + "-dgram"))
    def half():
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0]
    attempt("a pair's half", lambda: half().sendto(b"hello", chr(0) + T["abstract"] + "-dgram"))
    attempt("a pair's half, by path", lambda: half().sendto(b"hello", T["dgram"]))
    return books()
""",
        verdict=HELD,
        control=True,
    ),
    Hostile(
        name="hands its descriptors to the host",
        source="""
def entrypoint():
    def send():
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.connect(T["unix"])
        return socket.send_fds(sock, [b"x"], [3])
    attempt("stream", send)
    def datagram():
        a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        return a.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", 3))], 0, T["dgram"])
    attempt("datagram", datagram)
    return books()
""",
        verdict=HELD,
        control=True,
    ),
    Hostile(
        name="a socket of every family",
        source="""
def entrypoint():
    for family in range(2, 47):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            attempt(f"family {family}", lambda: socket.socket(family, kind).fileno())
            attempt(f"pair of family {family}", lambda: socket.socketpair(family, kind)[0].fileno())
    return books()
""",
        verdict=HELD,
        control=True,
    ),
    Hostile(
        name="netlink, packet, alg, vsock and bluetooth by name",
        source="""
def entrypoint():
    attempt("netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).bind((0, 0)))
    attempt("packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)).fileno())
    def hash_of():
        sock = socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)
        sock.bind(("hash", "sha256"))
        return True
    attempt("alg", hash_of)
    attempt("vsock", lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).connect((2, 1024)))
    attempt("vsock itself", lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).fileno())
    attempt("bluetooth", lambda: socket.socket(31, socket.SOCK_RAW, 1).fileno())
    attempt("ping", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP).fileno())
    attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW).fileno())
    return books()
""",
        verdict=HELD,
        control=True,
    ),
    Hostile(
        name="sockets by bare system calls with high bits set",
        source="""
def entrypoint():
    for family in (2, 10, 16, 17, 38, 40):
        attempt(f"family {family} in 64 bits", syscall, "socket", family | (1 << 32), 1, 0)
        attempt(f"family {family}", syscall, "socket", family, 2, 0)
        attempt(f"family {family}, with flags", syscall, "socket", family, 2 | 0o2000000 | 0o4000, 0)
    return books()
""",
        verdict=HELD,
        control=True,
    ),
    Hostile(
        name="uses a private loopback to reach the host",
        allow=("loopback",),
        levels=("strict",),
        source="""
def entrypoint():
    attempt("the host's TCP server", lambda: socket.create_connection(("127.0.0.1", T["tcp"]), 1).send(b"x"))
    attempt("over IPv6", lambda: socket.create_connection(("::1", T["tcp6"]), 1).send(b"x"))
    attempt("the host's abstract socket", lambda: socket.socket(socket.AF_UNIX).connect(chr(0) + T["abstract"]))
    attempt("the host's unix socket", lambda: socket.socket(socket.AF_UNIX).connect(T["unix"]))
    attempt("beyond the host", lambda: socket.create_connection(("192.0.2.1", 80), 1))
    attempt("netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).bind((0, 0)))
    attempt("packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)).fileno())
    return books()
""",
        verdict=HELD,
    ),
    Hostile(
        name="one program's loopback does not reach another's",
        allow=("loopback",),
        levels=("strict",),
        source="""
def entrypoint():
    server = socket.create_server(("127.0.0.1", 45678))
    client = socket.create_connection(server.getsockname(), 1)
    client.sendall(b"own")
    return server.accept()[0].recv(3).decode()
""",
        verdict=answers("its own loopback works", lambda said: said == "own"),
    ),
)
