"""Asks for everything that the shipped document describes, with what it allows and with what it does not.

No answer may be a server error, or have a status, a media type, a body or headers that are not described; and what the
document allows is refused only for what depends on other things than the request: `EXEMPT` lists those.
"""

import argparse
import collections
import itertools
import json
import pathlib
import re
import sys
import time
import uuid

import hypothesis
import requests
import schemathesis
import urllib3
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "python"))
import server  # noqa: E402

# What is refused although the document allows it, because of what is stored, or of what fields are together: operations,
# pointer, code, and the reason.
EXEMPT = [
    ("put_venue change_venue", "/time_zone", "time_zone", "which time zones there are, the server's table says"),
    ("list_seats", "/query/(tier|section)", "unknown", "which there are, the performance says"),
    ("join_queue", "/code", "code", "which codes there are, the sale says"),
    ("change_queue", "/weights", "range", "how many groups there are, the sale says"),
    ("hold_seats", "/seats/.*", "unknown|duplicate|price_type", "the performance says; each seat once"),
    ("list_concerts", "/query/cursor", "cursor", "the title in it is UTF-8, and the order is the one that is asked for"),
    ("hold_seats", "/best_available/(tier|price_type)", "tier|price_type", "which tiers and price types there are, the performance says"),
    ("cancel_reservation refund_reservation", "/seats/.*", "unknown|duplicate", "the reservation says; each seat once"),
    ("put_sale change_sale", "/.*", "order", "dates come one after the other"),
    ("put_performance change_performance", "/.*", "order|past|range", "dates come one after the other, and are not past"),
    ("put_performance change_performance", "/prices/tiers", "missing", "which tiers there are, the seat map says"),
    ("put_performance change_performance", "/prices/.*/code", "duplicate", "each code once"),
    ("put_seat_map", "/sections/.*", "duplicate", "each name once"),
    ("put_seat_map", "/sections/.*/(accessible|companion|blocked)", "range", "how many seats there are, the row says"),
    ("put_seat_map", "/sections/.*/(xs|ys|view_angles)", "range", "one for each seat, or none"),
    ("put_seat_map", "/sections/.*/outline", "range", "3 corners at least, or none"),
    ("put_seat_map", "/sections", "range", "100,000 seats in all"),
    ("sign_up change_password", "/password", "common|personal", "what many people choose, a list says; whose name it has"),
    ("change_password", "/current_password", "wrong", "the account says"),
]
# What is refused for what was asked before, and names no field.
OF_BEFORE = {"/problems/idempotency-key-reused"}
# What only Unicode's tables know of a text that is more than ASCII.
OF_UNICODE = {"text", "code", "label", "length", "email"}
STREAM = "text/event-stream"
# A check-in that waits for its admission would take all the time there is.
PROMPT = {"Prefer": "wait=0"}


def session() -> requests.Session:
    """Asks again, as the document says, where a busy machine makes the server answer 503."""
    busy = urllib3.Retry(total=6, status_forcelist=[503], allowed_methods=None, raise_on_status=False, backoff_factor=0.5)
    asking = requests.Session()
    asking.mount("http://", requests.adapters.HTTPAdapter(max_retries=busy))
    return asking


def exempt(operation: str, error: dict, case) -> bool:
    pointer, code = error["pointer"], error["code"]
    if code in OF_UNICODE and not sent(case, pointer).isascii():
        return True
    return any(
        operation in operations.split() and re.fullmatch(known, pointer) and re.fullmatch(kind, code)
        for operations, known, kind, _ in EXEMPT
    )


def sent(case, pointer: str) -> str:
    """What was sent at that pointer, as text."""
    part, *rest = pointer.strip("/").split("/")
    at = {"query": case.query, "path": case.path_parameters, "headers": case.headers}.get(part)
    at, rest = (case.body, [part, *rest]) if at is None else (at, rest)
    for name in rest:
        try:
            at = at[int(name)] if isinstance(at, list) else at[name]
        except (KeyError, IndexError, TypeError, ValueError):
            return ""
    return at if isinstance(at, str) else json.dumps(at, ensure_ascii=False)


def plain(value):
    """The value with its whole numbers written as such. To a schema, 12.0 is an integer; to the server, only 12 is."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return value


class Known:
    """What is there to ask for, by the word in the path that an id follows."""

    def __init__(self, address: str, token: str) -> None:
        self.address, self.ids = address, collections.defaultdict(list)
        headers = {"Authorization": f"Bearer {token}"}
        asking = session()
        get = lambda path: asking.get(f"{address}/v1/{path}", headers=headers, timeout=30).json()
        for concert in get("concerts")["items"]:
            self.ids["concerts"].append(concert["id"])
            for performance in get(f"concerts/{concert['id']}/performances")["items"]:
                self.ids["performances"].append(performance["id"])
                self.ids["venues"].append(performance["venue"]["id"])
                self.ids["sales"] += [sale["id"] for sale in performance["sales"] + performance["upcoming_sales"]]
        self.ids["reservations"] = [one["id"] for one in get("reservations")["items"]]

    def of(self, path: str) -> list[str]:
        return self.ids[path.split("/")[2]] if "{id}" in path else []


class Asker:
    def __init__(self, schema, address: str, examples: int, seed: int) -> None:
        self.schema, self.address, self.examples, self.seed = schema, address, examples, seed
        self.asked, self.flaws = 0, {}
        self.checks = [CHECKS.get_one(name) for name in CONFORMANCE]
        self.session = session()

    def ask_all(self, caller: str, token: str | None, known: Known) -> None:
        operations = [found.ok() for found in self.schema.get_all_operations()]
        for operation in sorted(operations, key=ends_sessions):
            if STREAM in operation.definition.raw["responses"].get("200", {}).get("content", {}):
                self.watch(caller, token, known, operation)
                continue
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                self.ask(caller, token, known, operation, mode)

    def watch(self, caller: str, token: str | None, known: Known, operation) -> None:
        """A stream does not end: its beginning has to be as described."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        for id in [*known.of(operation.path), str(uuid.uuid4())]:
            path = operation.path.replace("{id}", id)
            with self.session.get(self.address + path, headers=headers, stream=True, timeout=30) as answer:
                self.asked += 1
                described = operation.definition.raw["responses"].get(str(answer.status_code), {}).get("content", {})
                if answer.headers["Content-Type"] not in described:
                    kind = answer.headers["Content-Type"]
                    self.flaws[(operation.label, answer.status_code, kind)] = f"{caller}: {kind} is not described"

    def ask(self, caller: str, token: str | None, known: Known, operation, mode) -> None:
        ids = itertools.cycle([*known.of(operation.path)[:6], None])
        try:
            strategy = operation.as_strategy(generation_mode=mode)
        except Exception as error:  # What can't be made wrong has no negative cases.
            if mode is GenerationMode.NEGATIVE:
                return
            raise error

        @hypothesis.seed(self.seed)
        @hypothesis.settings(
            max_examples=self.examples,
            deadline=None,
            database=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
            verbosity=hypothesis.Verbosity.quiet,
        )
        @hypothesis.given(case=strategy)
        def one(case):
            if (known_id := next(ids)) and mode is GenerationMode.POSITIVE:
                case.path_parameters["id"] = known_id
            if mode is GenerationMode.POSITIVE:
                case.body = plain(case.body)
            self.send(caller, token, case, mode)

        try:
            one()
        except hypothesis.errors.Unsatisfiable:
            if mode is GenerationMode.POSITIVE:
                raise

    def send(self, caller: str, token: str | None, case, mode) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if "Prefer" in (case.headers or {}):
            headers |= PROMPT
        answer = case.call(base_url=self.address, headers=headers, session=self.session, timeout=30)
        self.asked += 1
        try:
            case.validate_response(answer, checks=self.checks, headers=headers)
        except (Exception, BaseExceptionGroup) as failure:
            self.note(caller, case, answer, str(failure))
        if mode is GenerationMode.POSITIVE and answer.status_code in (400, 422):
            problem = answer.json()
            operation = case.operation.definition.raw["operationId"]
            errors = [error for error in problem.get("errors", []) if not exempt(operation, error, case)]
            if errors or "errors" not in problem and problem["type"] not in OF_BEFORE:
                what = [(error["pointer"], error["code"]) for error in errors] or problem["type"]
                self.note(caller, case, answer, f"refused although it is allowed: {what}")

    def note(self, caller: str, case, answer, flaw: str) -> None:
        key = (case.operation.label, answer.status_code, flaw[:200])
        self.flaws.setdefault(key, f"{caller}: {flaw}\n{answer.text[:500]}\n{case.as_curl_command()[:1500]}")


# What schemathesis compares answers by.
CONFORMANCE = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


CALLERS = {"anonymous": None, "customer": "kim@example.com", "operator": "operator@example.com"}


def ends_sessions(operation) -> bool:
    """These come last: nobody asks with the same token afterwards."""
    return operation.path.startswith("/v1/sessions") and operation.method.upper() == "DELETE"


COMMANDS = {"server": ("demo", "--serve"), "mock": ("mock", "--address", "127.0.0.1:0")}


def log_in(address: str, email: str, password: str) -> str:
    answer = session().post(f"{address}/v1/sessions", json={"email": email, "password": password}, timeout=30)
    return answer.json()["access_token"]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--examples", type=int, default=10, help="requests to each operation, of each kind")
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    schema = schemathesis.openapi.from_dict(json.loads(server.document()))
    flaws = 0
    for name, command in COMMANDS.items():
        begun = time.monotonic()
        with server.serve(*command) as running:
            asker = Asker(schema, running.address, given.examples, given.seed)
            enter = lambda email: log_in(running.address, email, running.password(email))
            for caller, email in CALLERS.items():
                known = Known(running.address, enter(CALLERS["customer"]))
                asker.ask_all(caller, enter(email) if email else None, known)
        for (label, status, _), flaw in sorted(asker.flaws.items()):
            print(f"--- {name}: {label}: {status}\n{flaw}\n")
        print(f"{name}: {asker.asked} requests in {time.monotonic() - begun:.0f} s, {len(asker.flaws)} flaws", flush=True)
        flaws += len(asker.flaws)
    sys.exit(bool(flaws))


if __name__ == "__main__":
    main()
