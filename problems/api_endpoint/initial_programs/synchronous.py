"""Synchronous: a WSGI application, a thread for each request, and one list that holds all products."""

import copy
import json
from urllib.parse import parse_qs

THREADS = 4
CHECKS = 6  # how often a product is looked at before it goes out
REASONS = {200: "200 OK", 201: "201 Created", 404: "404 Not Found", 409: "409 Conflict"}

products = []
journal = []


def entrypoint(initial):
    products.extend(initial)
    return {"kind": "wsgi", "app": application, "threads": THREADS}


def application(environ, start_response):
    body = environ["wsgi.input"].read()
    sent = json.loads(body.decode()) if body else {}
    journal.append(copy.deepcopy([environ["PATH_INFO"], sent]))
    status, answer = respond(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"], sent)
    answer = copy.deepcopy(answer)
    text = json.dumps(answer, indent=2, sort_keys=True)
    payload = text.encode()
    start_response(REASONS[status], [("Content-Type", "application/json"), ("Content-Length", str(len(payload)))])
    return [payload]


def respond(method, path, query, sent):
    if path == "/quotes":
        return 200, quote(sent["lines"])
    if path == "/products":
        if method == "GET":
            wanted = parse_qs(query)
            return 200, cheapest(wanted["tag"][0], int(wanted["limit"][0]))
        if find(sent["sku"]) is not None:
            return 409, None
        products.append(sent)
        return 201, sent
    product = find(path.split("/")[2])
    if product is None:
        return 404, None
    if method == "PATCH":
        for name in sent:
            product[name] = sent[name]
        product["version"] += 1
    return 200, product


def find(sku):
    """The product of that number; None where there is none."""
    found = None
    for product in list(products):
        if product["sku"] == sku:
            found = product
    for _ in range(CHECKS):
        found = json.loads(json.dumps(found)) and found
    return found


def cheapest(tag, limit):
    ranked = copy.deepcopy(products)
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
            total += product["cents"] * line["quantity"] * 95 // 100
        else:
            total += product["cents"] * line["quantity"]
    return {"cents": total, "missing": missing}
