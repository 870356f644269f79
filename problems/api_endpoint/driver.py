"""Loads an endpoint with requests and holds every answer against what it should be.

The catalogue and the requests are drawn anew in each run, so that no program can hold the answers. Requests that are in
flight together never depend on each other: what is right does not hang on which of them is served first.
"""

import json
import random
import selectors
import socket
import statistics
import time
import urllib.parse
from http.client import HTTPConnection, HTTPException

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, ProtocolError
from websockets.frames import Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

HOST = "127.0.0.1"
START_S = 5.0  # longest start of an endpoint
DEADLINE_S = 2.0  # a later answer is an error
LARGEST_BODY = 1 << 20  # bytes
FAILURES = (OSError, HTTPException, InvalidHandshake, ProtocolError, ValueError, LookupError, TypeError, RecursionError)
PRODUCTS = 120
TAGS = ("tea", "tools", "toys", "books", "bikes", "lamps", "garden", "paper")
NAMES = ("Plain", "Fine", "Small", "Large", "Green", "Dark", "Old", "New", "Swift", "Quiet")
FIELDS = ("sku", "name", "cents", "stock", "tags", "version")
SELECTIONS = (FIELDS, ("sku", "cents", "version"), ("name", "sku", "stock", "tags", "cents"))


def drive(program, context):
    """How the program's endpoint served four patterns of load.

    Returns:
        ``seed``: what the catalogue and the requests were drawn with. ``kind``: kind of the endpoint. ``error``: the
        first error as text, or "". ``patterns``: for each pattern the number of ``requests``; how many got a
        ``right`` or a ``wrong`` answer, or none in time (``errors``); ``cpu_s`` of the program's process;
        ``yardstick_s``, see ``Yardstick``; ``wall_s``; and ``latencies_ms``.
    """
    seed = random.SystemRandom().getrandbits(32)
    rng = random.Random(seed)
    catalogue = Catalogue(drawn_products(rng))
    answer, port = start(program, list(catalogue.products.values()))
    if answer.error:
        error = f"{answer.error['kind']}: {answer.error['message']}"[:300]
        return {"seed": seed, "kind": "", "error": error, "patterns": {}}
    client = CLIENTS.get(answer.value, HttpClient)
    load = Load(program, client, port, catalogue, rng)
    for pattern in PATTERNS:
        load.measure(pattern)
    return {"seed": seed, "kind": answer.value, "error": load.error, "patterns": load.results}


def start(program, products):
    """The answer to the call that starts the endpoint, and its port; another port is tried where one was just taken."""
    for _ in range(3):
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = probe.getsockname()[1]
        answer = program.call({"port": port, "products": products}, timeout_s=START_S)
        if not answer.error or "Address already in use" not in answer.error["message"]:
            break
    return answer, port


class Yardstick:
    """The unit of the cost of a request: CPU seconds of this process to write and read 30 products as JSON.

    It is taken again and again between requests, so that whatever makes the machine slow makes both slow.
    """

    def __init__(self):
        self.products = drawn_products(random.Random(1))[:30]
        self.times = []

    def take(self):
        begin = time.process_time()
        json.loads(json.dumps(self.products))
        self.times.append(time.process_time() - begin)


# --- the load ---


class Load:
    """Sends waves of requests and counts what comes back.

    A wave is a list of operations, one for each of as many connections, all sent before the first answer is read. After
    a request that got no answer none is sent any more, and all that were to come count as unanswered.
    """

    def __init__(self, program, client, port, catalogue, rng):
        self.program = program
        self.client = client
        self.port = port
        self.catalogue = catalogue
        self.rng = rng
        self.connections = []
        self.results = {}
        self.error = ""
        self.charged_s = program.cpu_s()

    def measure(self, pattern):
        """One pattern, from the first of its connections to the last of its answers.

        The program is charged with what it computed since the pattern before as well: it gains nothing by working while
        nobody asks, nor by disturbing our yardstick.
        """
        yardstick = Yardstick()
        result = {"requests": 0, "right": 0, "wrong": 0, "errors": 0, "latencies_ms": []}
        self.results[pattern.__name__] = result
        begin = time.perf_counter()
        for operations in pattern(self.catalogue, self.rng):
            expected = [self.catalogue.answer(operation) for operation in operations]
            result["requests"] += len(operations)
            if not self.error:
                self.wave(operations, expected, result)
            for _ in operations[::4]:
                yardstick.take()
        result["yardstick_s"] = statistics.fmean(yardstick.times)
        result["errors"] = result["requests"] - result["right"] - result["wrong"]
        self.reconnect()
        result["wall_s"] = time.perf_counter() - begin
        cpu_s = self.program.cpu_s()
        result["cpu_s"], self.charged_s = cpu_s - self.charged_s, cpu_s

    def wave(self, operations, expected, result):
        """Send all operations, then read the answers in the order in which they come."""
        open_requests = selectors.DefaultSelector()
        try:
            while len(self.connections) < len(operations):
                self.connections.append(self.client(self.port))
            for connection, operation, due in zip(self.connections, operations, expected, strict=False):
                sent = time.perf_counter()
                connection.send(operation)
                open_requests.register(connection.socket, selectors.EVENT_READ, (connection, operation, due, sent))
            while open_requests.get_map():
                ready = open_requests.select(DEADLINE_S)
                if not ready:
                    raise TimeoutError(f"no answer within {DEADLINE_S} s")
                for key, _ in ready:
                    connection, operation, due, sent = key.data
                    open_requests.unregister(connection.socket)
                    got = connection.receive(operation)
                    result["latencies_ms"].append(1e3 * (time.perf_counter() - sent))
                    fits = connection.shape(operation, *due) == got
                    result["right" if fits else "wrong"] += 1
        except FAILURES as error:
            self.error = f"{type(error).__name__}: {error}"[:300]
        finally:
            open_requests.close()

    def reconnect(self):
        """Close all connections, so that the next pattern opens its own."""
        for connection in self.connections:
            connection.close()
        self.connections = []


def burst(catalogue, rng):
    """Sixteen connections at once, each sending a few requests: read, write, and read what was written."""
    for _ in range(2):
        yield [drawn(catalogue, rng, "read") for _ in range(16)]
        yield updates_of(rng.sample(sorted(catalogue.products), 16), rng)
        yield [drawn(catalogue, rng, rng.choice(("read", "query", "quote"))) for _ in range(16)]


def sustained(catalogue, rng):
    """One connection and one request after the other, mostly reads."""
    for _ in range(50):
        yield [drawn(catalogue, rng, rng.choice(("read", "read", "read", "quote", "query", "update")))]


def mixed(catalogue, rng):
    """Four connections; writes and reads of all kinds in turn."""
    for _ in range(9):
        yield [create(rng), create(rng)]
        yield [drawn(catalogue, rng, kind) for kind in ("query", "read", "quote", "read")]
        yield updates_of(rng.sample(sorted(catalogue.products), 2), rng)
    yield [{"op": "create", "product": drawn_product(rng, rng.choice(sorted(catalogue.products)))}]
    yield [{"op": "read", "sku": "x-none"}, {"op": "quote", "lines": [{"sku": "x-none", "quantity": 1}]}]
    yield [{"op": "update", "sku": "x-none", "changes": {"stock": 1}}]


def cache_heavy(catalogue, rng):
    """A few products and queries over and over, two at a time, and a write to one of them after every fourth pair."""
    hot = rng.sample(sorted(catalogue.products), 4)
    tags = rng.sample(TAGS, 2)
    for turn in range(30):
        if turn % 5 == 4:
            yield updates_of([rng.choice(hot)], rng)
        query = {"op": "query", "tag": rng.choice(tags), "limit": 5}
        yield [{"op": "read", "sku": rng.choice(hot)}, query if turn % 2 else {"op": "read", "sku": hot[0]}]


PATTERNS = (burst, sustained, mixed, cache_heavy)


# --- the requests ---


def drawn_products(rng):
    return [drawn_product(rng, f"{rng.choice(TAGS)}-{number:04d}") for number in range(PRODUCTS)]


def drawn_product(rng, sku):
    return {
        "sku": sku,
        "name": f"{rng.choice(NAMES)} {rng.choice(NAMES)} {rng.randrange(100)}",
        "cents": 50 * rng.randrange(1, 200),  # prices often tie
        "stock": rng.randrange(0, 60),
        "tags": sorted(rng.sample(TAGS, 2)),
        "version": 1,
    }


def create(rng):
    return {"op": "create", "product": drawn_product(rng, f"new-{rng.getrandbits(40):010x}")}


def updates_of(skus, rng):
    """An update of each product."""
    changes = ({"cents": 50 * rng.randrange(1, 200)}, {"stock": rng.randrange(60)})
    return [{"op": "update", "sku": sku, "changes": rng.choice(changes)} for sku in skus]


def drawn(catalogue, rng, kind):
    """An operation of that kind on products that are there."""
    skus = sorted(catalogue.products)
    if kind == "read":
        return {"op": "read", "sku": rng.choice(skus)}
    if kind == "update":
        return updates_of([rng.choice(skus)], rng)[0]
    if kind == "query":
        return {"op": "query", "tag": rng.choice(TAGS), "limit": rng.choice((1, 5, 12))}
    lines = [{"sku": sku, "quantity": rng.choice((1, 3, 9, 10, 25))} for sku in rng.sample(skus, 3)]
    return {"op": "quote", "lines": lines}


# --- what is right ---


class Catalogue:
    """The service as it should be: what each operation answers, and what it changes."""

    def __init__(self, products):
        self.products = {product["sku"]: dict(product) for product in products}

    def answer(self, operation):
        """Status and body."""
        return getattr(self, operation["op"])(operation)

    def read(self, operation):
        product = self.products.get(operation["sku"])
        return (404, None) if product is None else (200, dict(product))

    def create(self, operation):
        product = operation["product"]
        if product["sku"] in self.products:
            return 409, None
        self.products[product["sku"]] = dict(product)
        return 201, dict(product)

    def update(self, operation):
        product = self.products.get(operation["sku"])
        if product is None:
            return 404, None
        product.update(operation["changes"])
        product["version"] += 1
        return 200, dict(product)

    def query(self, operation):
        found = [product for product in self.products.values() if operation["tag"] in product["tags"]]
        found.sort(key=lambda product: (product["cents"], product["sku"]))
        return 200, [dict(product) for product in found[: operation["limit"]]]

    def quote(self, operation):
        total, missing = 0, []
        for line in operation["lines"]:
            product, quantity = self.products.get(line["sku"]), line["quantity"]
            if product is None or product["stock"] < quantity:
                missing.append(line["sku"])
            else:
                total += product["cents"] * quantity * (95 if quantity >= 10 else 100) // 100
        return 200, {"cents": total, "missing": missing}


# --- the clients ---


class HttpClient:
    """One connection that speaks the REST form of the operations."""

    def __init__(self, port):
        self.connection = HTTPConnection(HOST, port, timeout=DEADLINE_S)
        self.connection.connect()
        self.socket = self.connection.sock

    def send(self, operation):
        method, path, body = rest_form(operation)
        data = None if body is None else json.dumps(body).encode()
        self.connection.request(method, path, data, {"Content-Type": "application/json"} if data else {})

    def receive(self, operation):
        """Status, and the body where it says that all went well."""
        response = self.connection.getresponse()
        data = response.read(LARGEST_BODY + 1)
        if len(data) > LARGEST_BODY:
            raise ValueError(f"an answer of more than {LARGEST_BODY} bytes")
        if self.connection.sock is None:  # the endpoint closes after each answer
            self.connection.connect()
            self.socket = self.connection.sock
        return response.status, json.loads(data) if response.status < 300 else None

    def shape(self, operation, status, body):
        """What ``receive`` must give."""
        return status, body

    def close(self):
        self.connection.close()


def rest_form(operation):
    """Method, path and body of an operation."""
    kind = operation["op"]
    if kind == "read":
        return "GET", f"/products/{operation['sku']}", None
    if kind == "create":
        return "POST", "/products", operation["product"]
    if kind == "update":
        return "PATCH", f"/products/{operation['sku']}", operation["changes"]
    if kind == "query":
        wanted = urllib.parse.urlencode({"tag": operation["tag"], "limit": operation["limit"]})
        return "GET", f"/products?{wanted}", None
    return "POST", "/quotes", {"lines": operation["lines"]}


class GraphqlClient(HttpClient):
    """One connection that speaks the GraphQL form. Which fields are asked for follows from the operation."""

    def send(self, operation):
        document, variables = graphql_form(operation)
        body = json.dumps({"query": document, "variables": variables}).encode()
        self.connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})

    def receive(self, operation):
        status, answer = super().receive(operation)
        return status, answer if answer is None else answer["data"]["answer"]

    def shape(self, operation, status, body):
        if isinstance(body, list):
            body = [selected(product, operation) for product in body]
        elif body is not None and operation["op"] != "quote":
            body = selected(body, operation)
        return 200, body


def selection(operation):
    """Fields that a GraphQL request for this operation asks for."""
    return SELECTIONS[len(json.dumps(operation)) % len(SELECTIONS)]


def selected(product, operation):
    return {name: product[name] for name in selection(operation)}


def graphql_form(operation):
    """Document and variables of an operation; whatever is asked for is called ``answer``."""
    kind, fields = operation["op"], "{" + " ".join(selection(operation)) + "}"
    if kind == "read":
        return f"query($sku: String!) {{answer: product(sku: $sku) {fields}}}", {"sku": operation["sku"]}
    if kind == "create":
        document = f"mutation($product: ProductInput!) {{answer: create(product: $product) {fields}}}"
        return document, {"product": {name: operation["product"][name] for name in FIELDS[:-1]}}
    if kind == "update":
        names = ", ".join(f"{name}: ${name}" for name in operation["changes"])
        types = ", ".join(f"${name}: Int" for name in operation["changes"])
        document = f"mutation($sku: String!, {types}) {{answer: update(sku: $sku, {names}) {fields}}}"
        return document, {"sku": operation["sku"], **operation["changes"]}
    if kind == "query":
        document = f"query($tag: String!, $limit: Int!) {{answer: products(tag: $tag, limit: $limit) {fields}}}"
        return document, {"tag": operation["tag"], "limit": operation["limit"]}
    document = "query($lines: [LineInput!]!) {answer: quote(lines: $lines) {cents missing}}"
    return document, {"lines": operation["lines"]}


class WebSocketClient:
    """One connection over which operations and answers go as JSON messages."""

    def __init__(self, port):
        self.number = 0
        self.protocol = ClientProtocol(parse_uri(f"ws://{HOST}:{port}/"))
        self.socket = socket.create_connection((HOST, port), timeout=DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.protocol.send_request(self.protocol.connect())
        self.flush()
        while self.protocol.state is State.CONNECTING:
            self.feed()
            if self.protocol.handshake_exc:
                raise self.protocol.handshake_exc
        self.protocol.events_received()  # the answer to the handshake

    def flush(self):
        for data in self.protocol.data_to_send():
            if data:
                self.socket.sendall(data)

    def feed(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the endpoint closed the connection")
        self.protocol.receive_data(data)

    def send(self, operation):
        self.number += 1
        self.protocol.send_text(json.dumps({"id": self.number, **operation}).encode())
        self.flush()

    def receive(self, operation):
        """Status, and the body where it says that all went well."""
        text = b""
        while True:
            for frame in self.protocol.events_received():
                if frame.opcode not in (Opcode.TEXT, Opcode.CONT):
                    continue
                text += frame.data
                if frame.fin:
                    answer = json.loads(text)
                    if answer["id"] != self.number:
                        raise ValueError("an answer to another message")
                    return answer["status"], answer["body"] if answer["status"] < 300 else None
            self.feed()

    def shape(self, operation, status, body):
        """What ``receive`` must give."""
        return status, body

    def close(self):
        self.socket.close()


CLIENTS = {"graphql": GraphqlClient, "websocket": WebSocketClient}
