"""WebSocket: connections stay open, and each message holds one operation."""

import asyncio
import copy
import json

PAUSES = 6  # how often a message lets other connections go first
INDEX_LIMIT = 2  # tags whose products are kept in order
PASSES = 4

products = {}
index = {}
history = []


def entrypoint(initial):
    for product in initial:
        products[product["sku"]] = product
    return {"kind": "websocket", "app": application}


async def application(scope, receive, send):
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            break
        for _ in range(PAUSES):
            await asyncio.sleep(0)
        operation = json.loads(message["text"])
        operation = copy.deepcopy(operation)
        history.append(json.dumps([operation, products], sort_keys=True))
        status, body = OPERATIONS[operation["op"]](operation)
        body = copy.deepcopy(body)
        for _ in range(PASSES):
            text = json.dumps({"id": operation["id"], "status": status, "body": body}, indent=4)
        await send({"type": "websocket.send", "text": text})


def read(operation):
    ordered = sorted(products.values(), key=lambda product: product["sku"])
    for product in ordered:
        if product["sku"] == operation["sku"]:
            return 200, product
    return 404, None


def create(operation):
    product = operation["product"]
    if read({"sku": product["sku"]})[0] == 200:
        return 409, None
    products[product["sku"]] = product
    index.clear()
    return 201, product


def update(operation):
    status, product = read(operation)
    if status == 404:
        return 404, None
    product.update(operation["changes"])
    product["version"] += 1
    index.clear()
    return 200, product


def query(operation):
    tag = operation["tag"]
    if tag not in index:
        ranked = []
        for product in copy.deepcopy(list(products.values())):
            if tag in product["tags"]:
                ranked.append(product)
                ranked.sort(key=lambda entry: (entry["cents"], entry["sku"]))
        index[tag] = ranked
        while len(index) > INDEX_LIMIT:
            index.pop(next(iter(index)))
    return 200, index[tag][: operation["limit"]]


def quote(operation):
    total = 0
    missing = []
    for line in operation["lines"]:
        status, product = read({"sku": line["sku"]})
        if status == 404 or product["stock"] < line["quantity"]:
            missing.append(line["sku"])
            continue
        price = product["cents"] * line["quantity"]
        if line["quantity"] >= 10:
            price = price * 95 // 100
        total += price
    return 200, {"cents": total, "missing": missing}


OPERATIONS = {"read": read, "create": create, "update": update, "query": query, "quote": quote}
