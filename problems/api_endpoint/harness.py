"""Serves a program's endpoint on the loopback, inside the program's own process.

The server runs in a thread and lives as long as the process: the call that starts it returns once it listens.
"""

import logging
import socket
import threading
import urllib.parse

import uvicorn
import waitress

HOST = "127.0.0.1"
BACKLOG = 64
MOST_THREADS = 8
REASONS = {200: "OK", 201: "Created", 400: "Bad Request", 404: "Not Found", 409: "Conflict"}


def run(entrypoint, request):
    """Start the endpoint that ``entrypoint(request["products"])`` describes, on ``request["port"]``.

    Returns:
        The kind of the endpoint, once its port takes connections.

    Raises:
        ValueError: What ``entrypoint`` returned is no endpoint.
        OSError: The port is in use.
    """
    endpoint = entrypoint(request["products"])
    if not isinstance(endpoint, dict) or endpoint.get("kind") not in KINDS:
        raise ValueError(f'expected {{"kind": ..., "app": ...}} with one of the kinds {", ".join(KINDS)}')
    if not callable(endpoint.get("app")):
        raise ValueError('expected a callable as "app"')
    serve = KINDS[endpoint["kind"]]
    # With the protocol named, asyncio knows that its connections are TCP and sends small answers at once.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, request["port"]))
    listener.listen(BACKLOG)
    threading.Thread(target=serve, args=(endpoint, listener), daemon=True).start()
    return endpoint["kind"]


def serve_asgi(endpoint, listener):
    """HTTP, or messages over WebSocket, to an ASGI application."""
    config = uvicorn.Config(
        endpoint["app"],
        loop="asyncio",
        http="h11",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        lifespan="off",
        access_log=False,
        log_config=None,
    )
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    uvicorn.Server(config).run(sockets=[listener])


def serve_wsgi(endpoint, listener):
    """HTTP to a WSGI application, with as many threads as the endpoint asks for."""
    threads = endpoint.get("threads", 4)
    threads = threads if type(threads) is int and 1 <= threads <= MOST_THREADS else 1
    logging.getLogger("waitress").setLevel(logging.CRITICAL)
    waitress.create_server(endpoint["app"], sockets=[listener], threads=threads).run()


def serve_function(endpoint, listener):
    """HTTP to a function ``handler(event, store)``, which answers ``{"status": int, "body": text}``."""
    handler, store = endpoint["app"], Store(endpoint.get("store", {}))

    def application(environ, start_response):
        query = urllib.parse.parse_qsl(environ["QUERY_STRING"])
        body = environ["wsgi.input"].read().decode()
        event = {
            "method": environ["REQUEST_METHOD"],
            "path": environ["PATH_INFO"],
            "query": dict(query),
            "body": body,
        }
        answer = handler(event, store)
        status = answer["status"]
        payload = answer["body"].encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(payload)))]
        start_response(f"{status} {REASONS[status]}", headers)
        return [payload]

    serve_wsgi({"app": application, "threads": 1}, listener)


class Store:
    """What a function keeps between its calls: texts by name, as a store outside of it would hold them."""

    def __init__(self, texts):
        self._texts = {}
        for name, text in texts.items():
            self.put(name, text)

    def get(self, name):
        """The text of that name; None where there is none."""
        return self._texts.get(name)

    def put(self, name, text):
        """Keep a text.

        Raises:
            TypeError: It is something else.
        """
        if type(name) is not str or type(text) is not str:
            raise TypeError("a store holds texts by name")
        self._texts[name] = text

    def names(self):
        """Names of all texts."""
        return list(self._texts)


KINDS = {
    "wsgi": serve_wsgi,
    "asgi": serve_asgi,
    "graphql": serve_asgi,
    "websocket": serve_asgi,
    "function": serve_function,
}
