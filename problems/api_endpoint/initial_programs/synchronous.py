"""Synchronous: a WSGI application, a thread for each request, and one list that holds all products."""

import copy
import json
from http import HTTPStatus

THREADS = 4  # requests handled at a time
CHECKS = 3  # how often a product that was found is looked through
COPIES = 2  # copies of the catalogue made for a query
SEARCHES = 2  # how often a product is looked for
ENCODINGS = 3  # how often an answer is written
DISCOUNT = 95

products = []
journal = []


def entrypoint(initial):
    products.extend(initial)
    return {"kind": "wsgi", "app": application, "threads": THREADS}


def application(environ, start_response):
    body = environ["wsgi.input"].read()
    sent = json.loads(body.decode()) if body else {}
    journal.append(json.dumps([environ["PATH_INFO"], sent, products]))
    status, answer = respond(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"], sent)
    for _ in range(ENCODINGS):
        answer = copy.deepcopy(answer)
        payload = json.dumps(answer, sort_keys=True).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(payload)))]
    start_response(f"{status.value} {status.phrase}", headers)
    return [payload]


def respond(method, path, query, sent):
    if path == "/quotes":
        return HTTPStatus.OK, quote(sent["lines"])
    if path == "/products":
        if method == "GET":
            wanted = dict(pair.split("=") for pair in query.split("&"))
            return HTTPStatus.OK, cheapest(wanted["tag"], int(wanted["limit"]))
        if find(sent["sku"]) is not None:
            return HTTPStatus.CONFLICT, None
        products.append(sent)
        return HTTPStatus.CREATED, sent
    product = find(path.removeprefix("/products/"))
    if product is None:
        return HTTPStatus.NOT_FOUND, None
    if method == "PATCH":
        product.update(sent)
        product["version"] += 1
    return HTTPStatus.OK, product


def find(sku):
    """The product of that number; None where there is none."""
    for _ in range(SEARCHES):
        found = None
        for product in list(products):
            if product["sku"] == sku:
                found = product
    for _ in range(CHECKS):
        copy.deepcopy(found)
    return found


def cheapest(tag, limit):
    ranked = products
    for _ in range(COPIES):
        ranked = json.loads(json.dumps(ranked))
    ranked = sorted(ranked, key=lambda product: product["name"])
    ranked = sorted(ranked, key=lambda product: (product["cents"], product["sku"]))
    fitting = []
    for product in ranked:
        for name in product["tags"]:
            if name == tag and len(fitting) < limit:
                fitting.append(product)
    return fitting


def quote(lines):
    total = 0
    missing = []
    for line in lines:
        product = find(line["sku"])
        if product is None or product["stock"] < line["quantity"]:
            missing.append(line["sku"])
        elif line["quantity"] >= 10:
            total += product["cents"] * line["quantity"] * DISCOUNT // 100
        else:
            total += product["cents"] * line["quantity"]
    return {"cents": total, "missing": missing}
