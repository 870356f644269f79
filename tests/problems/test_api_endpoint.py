"""The API endpoint: what its driver asks for, what it sees, and what it does not fall for."""

from __future__ import annotations

import copy
import json
import random
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from driven import outputs_of
from graphql import build_schema, parse
from graphql import validate as validate_document
from shipped import SEEDS, module, output_of, problem, validate

PROBLEM = problem("api_endpoint")
DRIVER = module(PROBLEM.folder / "driver.py")
PATHS = {path.stem: path for name, path in SEEDS if name == "api_endpoint"}
PATTERNS = ["burst", "sustained", "mixed", "cache_heavy"]

HONEST = """
import asyncio
import json
from urllib.parse import parse_qs

products = {}
cache = {}


def entrypoint(initial):
    products.update((product["sku"], product) for product in initial)
    return {"kind": "asgi", "app": application}


async def application(scope, receive, send):
    sent = json.loads((await receive())["body"] or b"null")
    status, answer = respond(scope["method"], scope["path"].split("/"), scope["query_string"].decode(), sent)
    await answer_with(send, status, json.dumps(answer).encode())


async def answer_with(send, status, payload):
    headers = [(b"content-length", str(len(payload)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": payload})


def respond(method, path, query, sent):
    if path[1] == "quotes":
        return 200, quote(sent["lines"])
    if query:
        wanted = parse_qs(query)
        return 200, cheapest(wanted["tag"][0], int(wanted["limit"][0]))
    if method == "POST":
        if sent["sku"] in products:
            return 409, None
        products[sent["sku"]] = sent
        return 201, sent
    product = products.get(path[2])
    if product is None:
        return 404, None
    if method == "PATCH":
        product.update(sent)
        product["version"] += 1
    return 200, product


def cheapest(tag, limit):
    ranked = sorted((p["cents"], p["sku"]) for p in products.values() if tag in p["tags"])
    return [products[sku] for cents, sku in ranked[:limit]]


def quote(lines):
    total, missing = 0, []
    for line in lines:
        product, quantity = products.get(line["sku"]), line["quantity"]
        if product is None or product["stock"] < quantity:
            missing.append(line["sku"])
        else:
            total += product["cents"] * quantity * (95 if quantity >= 10 else 100) // 100
    return {"cents": total, "missing": missing}
"""
READ = '        return 404, None\n    if method == "PATCH":\n'
ANSWER = "    status, answer = respond("
CHEATS = {
    "answers reads from a cache that no write empties": (
        "    return 200, product\n",
        "        return 200, product\n    return 200, json.loads(cache.setdefault(path[2], json.dumps(product)))\n",
    ),
    "answers queries from a cache that no write empties": (
        "    return [products[sku] for cents, sku in ranked[:limit]]\n",
        "    found = [dict(products[sku]) for cents, sku in ranked[:limit]]\n"
        "    return cache.setdefault((tag, limit), found)\n",
    ),
    "answers a write before it is done, and forgets it": ("product.update(sent)", "product = {**product, **sent}"),
    "answers a write at once and does it later": (
        "        product.update(sent)\n",
        "        asyncio.get_running_loop().call_later(0.5, product.update, sent)\n"
        "        product = {**product, **sent}\n",
    ),
    "answers the same to everybody": (ANSWER, "    status, answer = 200, {}\n    [].append("),
    "quotes without a discount": ("95 if quantity >= 10 else 100", "100"),
    "sells what is not there": (' or product["stock"] < quantity', ""),
    "creates what was there": ('        if sent["sku"] in products:\n            return 409, None\n', ""),
    "knows every product": (READ, READ.replace("404, None", "200, {}")),
    "fails at queries": ("    ranked = ", "    raise OSError\n    ranked = "),
    "answers too late": (ANSWER, "    await asyncio.sleep(3.0 if len(products) > 130 else 0.0)\n" + ANSWER),
    "hangs up without a word": (ANSWER, "    if len(products) > 130: import os; os._exit(0)\n" + ANSWER),
    "answers with more than anybody can read": ("json.dumps(answer).encode()", "b'7' * (3 << 20)"),
    "answers what is no JSON": ("json.dumps(answer).encode()", "b'[' * 100_000"),
    "speaks HTTP and says WebSocket": ('"kind": "asgi"', '"kind": "websocket"'),
    "speaks REST and says GraphQL": ('"kind": "asgi"', '"kind": "graphql"'),
    "has a process of its own do the work": ('    return {"kind"', '    import os; os.fork()\n    return {"kind"'),
    "is of no kind": ('"kind": "asgi"', '"kind": "psychic"'),
    "has no application": ('"app": application', '"app": 7'),
    "serves nothing": ('    return {"kind": "asgi"', '    while True: pass\n    return {"kind": "asgi"'),
}


@cache
def verdicts() -> dict[str, dict[str, float]]:
    """The metrics of each cheat, none where it is invalid; those of the honest program under ``honest``."""
    sources = {"honest": HONEST}
    for name, (old, new) in CHEATS.items():
        assert old in HONEST, name
        sources[name] = HONEST.replace(old, new)
    outputs = outputs_of(PROBLEM, list(sources.values()))
    return {name: scored(output) for name, output in zip(sources, outputs, strict=True)}


def scored(output: Any) -> dict[str, float]:
    """The metrics of an output; none where the validator refuses it."""
    try:
        return validate("api_endpoint", output)
    except ValueError:
        return {"validity": 0.0, "fitness": 0.0}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_a_seed_answers_right_under_every_load(path: Path) -> None:
    output = output_of("api_endpoint", path)
    assert output["error"] == ""
    assert list(output["patterns"]) == PATTERNS
    for result in output["patterns"].values():
        assert result["right"] == result["requests"] == len(result["latencies_ms"]) > 40
        assert result["wrong"] == result["errors"] == 0
        assert result["cpu_s"] > 0.0
    assert validate("api_endpoint", output)["validity"] == 1.0


def test_there_is_a_seed_of_every_kind() -> None:
    kinds = {path.stem: output_of("api_endpoint", path)["kind"] for path in PATHS.values()}
    assert kinds == {
        "asynchronous": "asgi",
        "function": "function",
        "graph": "graphql",
        "synchronous": "wsgi",
        "websocket": "websocket",
    }


def test_a_plain_program_beats_the_seed_of_its_kind() -> None:
    seed = validate("api_endpoint", output_of("api_endpoint", PATHS["asynchronous"]))
    assert verdicts()["honest"]["validity"] == 1.0
    assert verdicts()["honest"]["fitness"] > seed["fitness"]


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_cheat_gets_less_than_any_honest_program(cheat: str) -> None:
    verdict = verdicts()[cheat]
    assert verdict["validity"] < 1.0
    assert verdict["fitness"] == 0.5 * verdict["validity"] < 0.5


def test_every_pattern_is_drawn_anew_and_follows_from_its_seed() -> None:
    def load(seed: int) -> list[list[list[dict[str, Any]]]]:
        rng = random.Random(seed)
        catalogue = DRIVER.Catalogue(DRIVER.drawn_products(rng))
        return [list(pattern(catalogue, rng)) for pattern in DRIVER.PATTERNS]

    assert load(1) == load(1) != load(2)


@pytest.mark.parametrize("pattern", DRIVER.PATTERNS, ids=lambda pattern: pattern.__name__)
def test_what_is_in_flight_together_does_not_depend_on_who_is_served_first(pattern: Any) -> None:
    rng = random.Random(5)
    catalogue = DRIVER.Catalogue(DRIVER.drawn_products(rng))
    for wave in pattern(catalogue, rng):
        other = copy.deepcopy(catalogue)
        forwards = [catalogue.answer(operation) for operation in wave]
        backwards = [other.answer(operation) for operation in reversed(wave)]
        assert forwards == backwards[::-1]
        assert catalogue.products == other.products


def test_the_service_does_what_the_task_says() -> None:
    tea = {"sku": "b", "name": "Tea", "cents": 333, "stock": 20, "tags": ["tea"], "version": 1}
    cup = {**tea, "sku": "a", "name": "Cup", "stock": 1}
    service = DRIVER.Catalogue([tea])
    assert service.answer({"op": "read", "sku": "a"}) == (404, None)
    assert service.answer({"op": "create", "product": cup}) == (201, cup)
    assert service.answer({"op": "create", "product": cup}) == (409, None)
    assert service.answer({"op": "query", "tag": "tea", "limit": 5}) == (200, [cup, tea])
    dearer = {**cup, "cents": 400, "version": 2}
    assert service.answer({"op": "update", "sku": "a", "changes": {"cents": 400}}) == (200, dearer)
    assert [p["sku"] for p in service.answer({"op": "query", "tag": "tea", "limit": 1})[1]] == ["b"]
    wanted = (("b", 10), ("a", 2), ("c", 1), ("b", 9), ("a", 1))
    lines = [{"sku": sku, "quantity": quantity} for sku, quantity in wanted]
    quote = {"cents": 333 * 10 * 95 // 100 + 333 * 9 + 400, "missing": ["a", "c"]}
    assert service.answer({"op": "quote", "lines": lines}) == (200, quote)


def test_every_graphql_document_is_valid_under_the_schema_of_the_task_and_asks_for_what_is_checked() -> None:
    schema = build_schema(
        "type Product {sku: String! name: String! cents: Int! stock: Int! tags: [String!]! version: Int!}"
        "type Quote {cents: Int! missing: [String!]!}"
        "input ProductInput {sku: String! name: String! cents: Int! stock: Int! tags: [String!]!}"
        "input LineInput {sku: String! quantity: Int!}"
        "type Query {product(sku: String!): Product products(tag: String!, limit: Int!): [Product!]!"
        " quote(lines: [LineInput!]!): Quote!}"
        "type Mutation {create(product: ProductInput!): Product"
        " update(sku: String!, cents: Int, stock: Int): Product}"
    )
    rng = random.Random(2)
    catalogue = DRIVER.Catalogue(DRIVER.drawn_products(rng))
    documents = set()
    for pattern in DRIVER.PATTERNS:
        for operation in [operation for wave in pattern(catalogue, rng) for operation in wave]:
            document, variables = DRIVER.graphql_form(operation)
            documents.add(document)
            json.dumps(variables)
    assert len(documents) > 8
    assert [validate_document(schema, parse(document)) for document in documents] == [[]] * len(documents)


def test_the_score_is_the_stated_formula_over_the_cpu_times() -> None:
    output = copy.deepcopy(output_of("api_endpoint", PATHS["websocket"]))
    for factor, result in zip((3.0, 3.0, 12.0, 12.0), output["patterns"].values(), strict=True):
        result["cpu_s"] = factor * result["yardstick_s"] * result["requests"]
    metrics = validate("api_endpoint", output)
    assert metrics["cost"] == pytest.approx(6.0)
    assert metrics["fitness"] == pytest.approx(0.75)


def test_percentiles_are_latencies_that_were_measured() -> None:
    output = copy.deepcopy(output_of("api_endpoint", PATHS["websocket"]))
    for result in output["patterns"].values():
        result["latencies_ms"] = [float(number) for number in range(1, 101)]
    metrics = validate("api_endpoint", output)
    assert [metrics[name] for name in ("p50_ms", "p95_ms", "p99_ms", "p95_ms_burst")] == [50.0, 95.0, 99.0, 95.0]


def test_a_program_that_does_not_start_is_told_its_error() -> None:
    broken = 'def entrypoint(products):\n    raise LookupError("nothing to sell")\n'
    with pytest.raises(ValueError, match="LookupError: nothing to sell"):
        validate("api_endpoint", outputs_of(PROBLEM, [broken])[0])
