"""Asynchronous: an ASGI application with a cache of answers that every write empties."""

import asyncio
import hashlib
import json
from http import HTTPStatus
from urllib.parse import parse_qsl

CACHED = 2  # answers kept
YIELDS = 6  # how often a request lets others go first
KEY_ROUNDS = 12  # rounds of the hash that is the key of an answer
SNAPSHOTS = 1  # how often the catalogue is written down for each request
COPIES = 2  # copies of the catalogue made for a quote or a query
DISCOUNT = 95

products = {}
cache = {}
log = []


def entrypoint(initial):
    products.update((product["sku"], product) for product in initial)
    return {"kind": "asgi", "app": application}


async def application(scope, receive, send):
    body = b""
    more = True
    while more:
        message = await receive()
        body = body + message.get("body", b"")
        more = message.get("more_body", False)
    for _ in range(YIELDS):
        await asyncio.sleep(False)
    for _ in range(SNAPSHOTS):
        log.append(json.dumps([scope["path"], products]))
    key = key_of(scope, body)
    if key not in cache:
        status, answer = respond(scope["method"], scope["path"], scope["query_string"].decode(), body)
        if scope["method"] != "GET":
            cache.clear()
        cache[key] = (status, json.dumps(answer).encode())
    status, payload = cache[key]
    if scope["method"] != "GET":
        cache.clear()
    while len(cache) > CACHED:
        cache.pop(next(iter(cache)))
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(payload)).encode())]
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": payload})


def key_of(scope, body):
    digest = json.dumps([scope["method"], scope["path"], scope["query_string"].decode(), body.decode()])
    for _ in range(KEY_ROUNDS):
        digest = hashlib.sha256(digest.encode()).hexdigest()
    return digest


def respond(method, path, query, body):
    sent = json.loads(body) if body else {}
    if path == "/quotes":
        return HTTPStatus.OK, quote(sent["lines"])
    if path == "/products" and method == "GET":
        wanted = dict(parse_qsl(query))
        return HTTPStatus.OK, cheapest(wanted["tag"], int(wanted["limit"]))
    sku = sent["sku"] if method == "POST" else path.removeprefix("/products/")
    known = [product for product in products.values() if product["sku"] == sku]
    if method == "POST":
        if known:
            return HTTPStatus.CONFLICT, None
        products[sku] = sent
        return HTTPStatus.CREATED, sent
    if not known:
        return HTTPStatus.NOT_FOUND, None
    product = products[sku]
    if method == "PATCH":
        product.update(sent)
        product["version"] += 1
    return HTTPStatus.OK, product


def own():
    """A catalogue that nobody changes meanwhile."""
    known = products
    for _ in range(COPIES):
        known = json.loads(json.dumps(known))
    return known


def cheapest(tag, limit):
    """Pick the cheapest product that is left, again and again."""
    left = [product for product in own().values() if tag in product["tags"]]
    picked = []
    while left and len(picked) < limit:
        best = min(left, key=lambda product: (product["cents"], product["sku"]))
        left = [product for product in left if product["sku"] != best["sku"]]
        picked.append(best)
    return picked


def quote(lines):
    total = 0
    missing = []
    known = own()
    for line in lines:
        product = known.get(line["sku"])
        if product is None or product["stock"] < line["quantity"]:
            missing.append(line["sku"])
        elif line["quantity"] >= 10:
            total += product["cents"] * line["quantity"] * DISCOUNT // 100
        else:
            total += product["cents"] * line["quantity"]
    return {"cents": total, "missing": missing}
