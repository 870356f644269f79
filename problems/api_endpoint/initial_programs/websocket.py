"""WebSocket: connections stay open, and each message holds one operation."""

import asyncio
import copy
import json
from http import HTTPStatus

PAUSES = 6  # how often a message lets other connections go first
RANKINGS = 2  # tags whose products are kept in order
DRAFTS = 4  # how often an answer is written
SNAPSHOTS = 1  # how often the catalogue is written down for each message
SEARCHES = 2  # how often a product is looked for
DISCOUNT = 95

products = []
rankings = {}
history = []


def entrypoint(initial):
    products.extend(initial)
    return {"kind": "websocket", "app": application}


async def application(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            break
        for _ in range(PAUSES):
            await asyncio.sleep(False)
        for _ in range(SNAPSHOTS):
            history.append(json.dumps([message["text"], products]))
        operation = json.loads(message["text"])
        operation = copy.deepcopy(operation)
        status, body = OPERATIONS[operation["op"]](operation)
        for _ in range(DRAFTS):
            body = copy.deepcopy(body)
            text = json.dumps({"id": operation["id"], "status": status.value, "body": body}, sort_keys=True)
        await send({"type": "websocket.send", "text": text})


def read(operation):
    for _ in range(SEARCHES):
        ordered = sorted(products, key=lambda product: product["sku"])
        found = [product for product in ordered if product["sku"] == operation["sku"]]
    for product in found:
        return HTTPStatus.OK, product
    return HTTPStatus.NOT_FOUND, None


def create(operation):
    status, product = read(operation["product"])
    if product is not None:
        return HTTPStatus.CONFLICT, None
    products.append(operation["product"])
    rankings.clear()
    return HTTPStatus.CREATED, operation["product"]


def update(operation):
    status, product = read(operation)
    if product is not None:
        product.update(operation["changes"])
        product["version"] += 1
        rankings.clear()
    return status, product


def query(operation):
    tag = operation["tag"]
    if tag not in rankings:
        ranked = []
        for product in json.loads(json.dumps(products)):
            if tag in product["tags"]:
                ranked.append(product)
                ranked.sort(key=lambda entry: (entry["cents"], entry["sku"]))
        rankings[tag] = ranked
    ranked = rankings[tag]
    while len(rankings) > RANKINGS:
        rankings.pop(next(iter(rankings)))
    return HTTPStatus.OK, ranked[: operation["limit"]]


def quote(operation):
    total = 0
    missing = []
    for line in operation["lines"]:
        status, product = read(line)
        if product is None or product["stock"] < line["quantity"]:
            missing.append(line["sku"])
            continue
        price = product["cents"] * line["quantity"]
        if line["quantity"] >= 10:
            price = price * DISCOUNT // 100
        total += price
    return HTTPStatus.OK, {"cents": total, "missing": missing}


OPERATIONS = {"read": read, "create": create, "update": update, "query": query, "quote": quote}
