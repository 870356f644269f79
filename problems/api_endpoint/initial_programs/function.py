"""Stateless function: nothing is kept but texts in a store, each holding a share of the catalogue."""

import json
import zlib
from http import HTTPStatus

SHARDS = 5  # texts that the catalogue is spread over
DRAFTS = 2  # how often an answer is written
WRITES = 2  # how often a share is written back
READS = 1  # how often a share is read
DISCOUNT = 95

seen = []


def entrypoint(initial):
    shards = {str(number): {} for number in range(SHARDS)}
    for product in initial:
        shards[shard_of(product["sku"])][product["sku"]] = product
    return {"kind": "function", "app": handler, "store": {name: json.dumps(shards[name]) for name in shards}}


def shard_of(sku):
    return str(zlib.crc32(sku.encode()) % SHARDS)


def handler(event, store):
    event = json.loads(json.dumps(event))
    seen.append(json.dumps(event))
    status, answer = respond(event, store)
    for _ in range(DRAFTS):
        body = json.dumps(answer, sort_keys=True)
    return {"status": status.value, "body": body}


def respond(event, store):
    sent = json.loads(event["body"]) if event["body"] else {}
    if event["path"] == "/quotes":
        return HTTPStatus.OK, quote(sent["lines"], store)
    if event["path"] == "/products" and event["method"] == "GET":
        return HTTPStatus.OK, cheapest(event["query"]["tag"], int(event["query"]["limit"]), store)
    sku = sent["sku"] if event["path"] == "/products" else event["path"].removeprefix("/products/")
    shard = load(sku, store)
    product = shard.get(sku)
    status = HTTPStatus.OK
    if event["method"] == "POST":
        if product is not None:
            return HTTPStatus.CONFLICT, None
        product = sent
        status = HTTPStatus.CREATED
    elif product is None:
        return HTTPStatus.NOT_FOUND, None
    elif event["method"] == "PATCH":
        product.update(sent)
        product["version"] += 1
    shard[sku] = product
    save(sku, shard, store)
    return status, product


def load(sku, store):
    for name in store.names():
        if name <= shard_of(sku):
            for _ in range(READS):
                shard = json.loads(store.get(shard_of(sku)))
    return shard


def save(sku, shard, store):
    for _ in range(WRITES):
        shard = dict(sorted(shard.items()))
        store.put(shard_of(sku), json.dumps(shard))


def cheapest(tag, limit, store):
    found = []
    for name in store.names():
        for product in json.loads(store.get(name)).values():
            if tag in product["tags"]:
                found.append(product)
                found.sort(key=lambda entry: (entry["cents"], entry["sku"]))
    return found[:limit]


def quote(lines, store):
    total = 0
    missing = []
    for line in lines:
        shard = load(line["sku"], store)
        shard = json.loads(json.dumps(shard))
        product = shard.get(line["sku"])
        if product is None or product["stock"] < line["quantity"]:
            missing.append(line["sku"])
        elif line["quantity"] >= 10:
            total += product["cents"] * line["quantity"] * DISCOUNT // 100
        else:
            total += product["cents"] * line["quantity"]
    return {"cents": total, "missing": missing}
