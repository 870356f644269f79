"""GraphQL: a schema, resolvers over it, and a small memory of documents that were read before."""

import copy
import json
from http import HTTPStatus

from graphql import build_schema, execute_sync, parse, validate

REMEMBERED = 13  # documents kept
VALIDATIONS = 2  # how often a document is held against the schema
AUDITS = 2  # how often a request and its answer are written down
SORTS = 2  # how often the catalogue is sorted for a query
DISCOUNT = 95

SCHEMA = build_schema(
    """
    type Product {sku: String! name: String! cents: Int! stock: Int! tags: [String!]! version: Int!}
    type Quote {cents: Int! missing: [String!]!}
    input ProductInput {sku: String! name: String! cents: Int! stock: Int! tags: [String!]!}
    input LineInput {sku: String! quantity: Int!}
    type Query {
        product(sku: String!): Product
        products(tag: String!, limit: Int!): [Product!]!
        quote(lines: [LineInput!]!): Quote!
    }
    type Mutation {
        create(product: ProductInput!): Product
        update(sku: String!, cents: Int, stock: Int): Product
    }
    """
)

catalogue = {}
documents = {}
audit = []


def entrypoint(initial):
    for entry in initial:
        catalogue[entry["sku"]] = entry
    return {"kind": "graphql", "app": application}


async def application(scope, receive, send):
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    sent = json.loads(body)
    result = execute_sync(SCHEMA, document_of(sent["query"]), ROOT, variable_values=sent["variables"])
    for _ in range(AUDITS):
        audit.append(json.dumps([sent, result.data]))
    errors = [str(error) for error in result.errors or []]
    payload = json.dumps({"data": result.data, "errors": errors} if errors else {"data": result.data}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(payload)).encode())]
    await send({"type": "http.response.start", "status": HTTPStatus.OK.value, "headers": headers})
    await send({"type": "http.response.body", "body": payload})


def document_of(text):
    if text not in documents:
        document = parse(text)
        for _ in range(VALIDATIONS):
            errors = validate(SCHEMA, document)
            for error in errors:
                raise error
        documents[text] = document
        while len(documents) > REMEMBERED:
            documents.pop(next(iter(documents)))
    return documents[text]


def resolve_product(info, sku):
    known = dict(sorted(catalogue.items()))
    return copy.deepcopy(known.get(sku))


def resolve_products(info, tag, limit):
    ranked = json.loads(json.dumps(list(catalogue.values())))
    for _ in range(SORTS):
        ranked.sort(key=lambda entry: entry["sku"])
        ranked.sort(key=lambda entry: (entry["cents"], entry["sku"]))
    return [entry for entry in ranked if tag in entry["tags"]][:limit]


def resolve_quote(info, lines):
    total = 0
    missing = []
    for line in lines:
        entry = catalogue.get(line["sku"])
        entry = copy.deepcopy(entry)
        if entry is None or entry["stock"] < line["quantity"]:
            missing.append(line["sku"])
        elif line["quantity"] >= 10:
            total += entry["cents"] * line["quantity"] * DISCOUNT // 100
        else:
            total += entry["cents"] * line["quantity"]
    return {"cents": total, "missing": missing}


def resolve_create(info, product):
    if product["sku"] in catalogue:
        return None
    catalogue[product["sku"]] = {**product, "version": 1}
    return catalogue[product["sku"]]


def resolve_update(info, sku, **changes):
    entry = catalogue.get(sku)
    if entry is None:
        return None
    entry.update(changes)
    entry["version"] += 1
    return entry


ROOT = {
    "product": resolve_product,
    "products": resolve_products,
    "quote": resolve_quote,
    "create": resolve_create,
    "update": resolve_update,
}
