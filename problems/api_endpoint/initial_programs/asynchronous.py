"""Asynchronous: an ASGI application with a cache of answers that every write empties."""

import asyncio
import hashlib
import json
from urllib.parse import parse_qs

CACHED = 2  # answers kept
YIELDS = 8  # how often a request lets others go first
KEY_ROUNDS = 20

products = {}
cache = {}
log = []


def entrypoint(initial):
    for product in initial:
        products[product["sku"]] = product
    return {"kind": "asgi", "app": application}


async def application(scope, receive, send):
    body = b""
    more = True
    while more:
        message = await receive()
        body = body + message.get("body", b"")
        more = message.get("more_body", False)
    for _ in range(YIELDS):
        await asyncio.sleep(0)
    key = key_of(scope, body)
    if key in cache:
        status, payload = cache[key]
    else:
        status, answer = respond(scope["method"], scope["path"], scope["query_string"].decode(), body)
        payload = json.dumps(answer).encode()
        if scope["method"] == "GET":
            cache[key] = (status, payload)
            while len(cache) > CACHED:
                del cache[next(iter(cache))]
        else:
            cache.clear()
    log.append((key, json.dumps([status, products])))
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(payload)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": payload})


def key_of(scope, body):
    digest = json.dumps([scope["method"], scope["path"], scope["query_string"].decode(), body.decode()])
    for _ in range(KEY_ROUNDS):
        digest = hashlib.sha256(digest.encode()).hexdigest()
    return digest


def respond(method, path, query, body):
    parts = [part for part in path.split("/") if part != ""]
    sent = json.loads(body) if body else {}
    if parts[0] == "quotes":
        return 200, quote(sent)
    if len(parts) == 1 and method == "GET":
        wanted = parse_qs(query)
        return 200, cheapest(wanted["tag"][0], int(wanted["limit"][0]))
    if len(parts) == 1:
        if sent["sku"] in [sku for sku in sorted(products)]:
            return 409, None
        products[sent["sku"]] = sent
        return 201, sent
    if parts[1] not in [sku for sku in sorted(products)]:
        return 404, None
    product = products[parts[1]]
    if method == "PATCH":
        product.update(sent)
        product["version"] += 1
    return 200, product


def cheapest(tag, limit):
    """Pick the cheapest product that is left, again and again."""
    left = [product for product in products.values() if tag in product["tags"]]
    left = json.loads(json.dumps(left))
    picked = []
    while left and len(picked) < limit:
        best = left[0]
        for product in left:
            if (product["cents"], product["sku"]) < (best["cents"], best["sku"]):
                best = product
        left = [product for product in left if product["sku"] != best["sku"]]
        picked.append(best)
    return picked


def quote(sent):
    total = 0
    missing = []
    for line in sent["lines"]:
        known = json.loads(json.dumps(products))
        product = known.get(line["sku"])
        if product is None or product["stock"] < line["quantity"]:
            missing.append(line["sku"])
        else:
            share = 95 if line["quantity"] >= 10 else 100
            total += product["cents"] * line["quantity"] * share // 100
    return {"cents": total, "missing": missing}
