"""Stateless function: nothing is kept but texts in a store, each holding a share of the catalogue."""

import json
import zlib

SHARDS = 5  # texts that the catalogue is spread over
COPIES = 2

seen = []


def entrypoint(initial):
    shards = [{} for _ in range(SHARDS)]
    for product in initial:
        shards[shard_of(product["sku"])][product["sku"]] = product
    return {"kind": "function", "app": handler, "store": {str(i): json.dumps(shards[i]) for i in range(SHARDS)}}


def shard_of(sku):
    return zlib.crc32(sku.encode()) % SHARDS


def handler(event, store):
    event = json.loads(json.dumps(event))
    seen.append(json.dumps(event))
    status, answer = respond(event, store)
    for _ in range(COPIES):
        body = json.dumps(answer, indent=1)
    return {"status": status, "body": body}


def respond(event, store):
    sent = json.loads(event["body"]) if event["body"] else {}
    if event["path"] == "/quotes":
        return 200, quote(sent["lines"], store)
    if event["path"] == "/products" and event["method"] == "GET":
        return 200, cheapest(event["query"]["tag"], int(event["query"]["limit"]), store)
    sku = sent["sku"] if event["path"] == "/products" else event["path"].split("/")[-1]
    shard = load(sku, store)
    product = shard.get(sku)
    if event["method"] == "POST":
        if product is not None:
            return 409, None
        product = sent
    elif product is None:
        return 404, None
    elif event["method"] == "PATCH":
        product.update(sent)
        product["version"] += 1
    shard[sku] = product
    save(sku, shard, store)
    return 201 if event["method"] == "POST" else 200, product


def load(sku, store):
    for name in store.names():
        if int(name) <= shard_of(sku):
            shard = json.loads(store.get(name))
    return shard


def save(sku, shard, store):
    shard = dict(sorted(shard.items()))
    text = json.dumps(shard, indent=2)
    for _ in range(COPIES):
        store.put(str(shard_of(sku)), text)


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
        else:
            share = 95 if line["quantity"] >= 10 else 100
            total += product["cents"] * line["quantity"] * share // 100
    return {"cents": total, "missing": missing}
