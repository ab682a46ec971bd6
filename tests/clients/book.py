"""Generates clients from the shipped document with two generators, and books a seat with them.

openapi-python-client makes the client that does it; of every answer, datamodel-code-generator's models read the JSON.
"""

import importlib
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "python"))
import server  # noqa: E402

PATIENCE = 90


def generate(directory: pathlib.Path) -> None:
    """Both clients as packages in the directory. A warning is an error: it means that something was left out."""
    (directory / "openapi.json").write_text(server.document())
    (directory / "settings.yml").write_text("post_hooks: []\n")
    programs = pathlib.Path(sys.executable).parent
    client = [programs / "openapi-python-client", "generate", "--path", "openapi.json", "--output-path", "client"]
    client += ["--meta", "none", "--config", "settings.yml", "--fail-on-warning"]
    subprocess.run(client, cwd=directory, check=True)
    models = [programs / "datamodel-codegen", "--input", "openapi.json", "--input-file-type", "openapi"]
    models += ["--output", "models.py", "--output-model-type", "pydantic_v2.BaseModel"]
    models += ["--target-python-version", "3.11", "--formatters", "builtin"]
    subprocess.run(models, cwd=directory, check=True)


class Client:
    """The generated client, whose answers are read by the other generator's models as well."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.client = importlib.import_module("client")
        self.models = importlib.import_module("models")
        self.answers = 0
        # Every operation has a module that can be imported.
        root = pathlib.Path(self.client.__file__).parent
        self.operations = {path.stem: f"client.api.{path.parent.name}.{path.stem}" for path in root.glob("api/*/*.py")}
        for module in self.operations.values():
            importlib.import_module(module)
        self.caller = self.client.Client(base_url=address)

    def log_in(self, token: str) -> None:
        self.caller = self.client.AuthenticatedClient(base_url=self.address, token=token)

    def body(self, kind: str, content: dict):
        """A body of the client's own class, made of a dict; both generators have to agree that it is one."""
        getattr(self.models, kind).model_validate(content)
        return getattr(self.client.models, kind).from_dict(content)

    def ask(self, operation: str, model: str, *path, expect: tuple[int, ...] = (200, 201), **rest):
        """The answer as the client reads it."""
        module = importlib.import_module(self.operations[operation])
        for _ in range(10):
            answer = module.sync_detailed(*path, client=self.caller, **rest)
            # A busy machine may make the server say: try again.
            if answer.status_code != 503:
                break
            time.sleep(int(answer.headers.get("Retry-After", "1")))
        text = answer.content.decode()
        if answer.status_code not in expect:
            raise AssertionError(f"{operation}: {answer.status_code} {text}")
        assert "Frontrow-Request-Id" in answer.headers or "frontrow-request-id" in answer.headers, operation
        read = getattr(self.models, model).model_validate_json(text)
        shown = json.loads(read.model_dump_json(by_alias=True, exclude_unset=True))
        assert shown.keys() == json.loads(text).keys(), f"{operation}: {shown} is not {text}"
        assert answer.parsed is not None, operation
        self.answers += 1
        return answer.parsed


def performance_to_book(client: Client):
    """The first performance with an open sale, one with a queue if there is any."""
    found = None
    for concert in client.ask("list_concerts", "ListConcertDto").items:
        client.ask("show_concert", "ConcertDto", concert.id)
        for performance in client.ask("list_performances", "ListPerformanceDto", concert.id, bookable=True).items:
            if performance.sales and (found is None or performance.sales[0].waiting_room):
                found = performance
    assert found, "nothing is on sale"
    assert found.starts_at.tzinfo and isinstance(found.id, uuid.UUID), "times and ids are more than strings"
    return client.ask("show_performance", "PerformanceDto", found.id)


def passed(client: Client, sale) -> dict[str, str]:
    """The pass of a sale with a queue, as an argument of what needs it."""
    if not sale.waiting_room:
        return {}
    client.ask("show_queue", "SnapshotDto", sale.id)
    entry = client.ask("join_queue", "QueueEntryDto", sale.id, body=client.body("JoinBody", {}))
    token = {"frontrow_queue_token": entry.token}
    until = time.monotonic() + PATIENCE
    while client.ask("show_queue_entry", "QueueEntryDto", **token).status != "called":
        assert time.monotonic() < until, "nobody is called"
        time.sleep(0.2)
    while time.monotonic() < until:
        module = importlib.import_module(client.operations["check_in"])
        status = module.sync_detailed(sale.id, client=client.caller, prefer="wait=5", **token).status_code
        if status == 201:
            admission = client.ask("renew_admission", "PassDto", sale.id, body=client.body("RenewBody", {}))
            return {"frontrow_pass": admission.pass_}
        assert status == 202, status
    raise AssertionError("nobody is admitted")


def book(client: Client, email: str, password: str) -> None:
    log_in = client.body("NewSession", {"email": email, "password": password})
    client.log_in(client.ask("log_in", "SessionDto", body=log_in).access_token)
    performance = performance_to_book(client)
    admitted = passed(client, performance.sales[0])
    client.ask("show_seat_map", "SeatMapDto", performance.id, performance.seat_map_version)
    client.ask("show_availability", "AvailabilityDto", performance.id, **admitted)
    client.ask("show_prices", "PricesDto", performance.id)
    status = client.client.models.SeatStatusDto.AVAILABLE
    seats = client.ask("list_seats", "ListSeatDto", performance.id, status=status, limit=2, **admitted).items
    body = client.body("HoldNamedBody", {"seats": [seats[0].label]})
    held = client.ask("hold_seats", "ReservationDto", performance.id, body=body, idempotency_key="hold", **admitted)
    assert held.status == "held" and held.held_until.tzinfo

    # Somebody who holds the same seat is told which it was, and what is near: a problem with a type of its own.
    taken = client.ask(
        "hold_seats", "SeatsTakenProblem", performance.id, body=body, idempotency_key="again", expect=(409,), **admitted
    )
    assert isinstance(taken, client.client.models.SeatsTakenProblem), taken
    assert taken.yours == [seats[0].label] and taken.alternatives

    charge = client.body("ChargeBody", {"amount": 1_000_000, "payment_token": "tok_accept"})
    charged = client.ask("charge_wallet", "ChargeDto", body=charge, idempotency_key="charge")
    client.ask("show_charge", "ChargeDto", charged.id)
    pay = client.body("PaymentBody", {"method": "points"})
    paid = client.ask("pay_reservation", "PaymentDto", held.id, body=pay, idempotency_key="pay")
    assert paid.reservation.status == "confirmed" and paid.tickets[0].seat == seats[0].label
    assert client.ask("list_tickets", "TicketsDto", held.id).items[0].code == paid.tickets[0].code
    client.ask("show_reservation", "ReservationDto", held.id)
    client.ask("list_reservations", "ListReservationDto")
    client.ask("list_wallet_entries", "ListEntryDto")
    cancelled = client.ask(
        "cancel_reservation", "ReservationDto", held.id, body=client.body("CancellationBody", {}), idempotency_key="x"
    )
    assert cancelled.status == "cancelled"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="frontrow-clients-") as directory:
        generate(pathlib.Path(directory))
        sys.path.insert(0, directory)
        with server.serve("demo", "--serve") as demo:
            client = Client(demo.address)
            book(client, "kim@example.com", demo.password("kim@example.com"))
    print(f"{len(client.operations)} operations generated; a seat booked and given back in {client.answers} answers")


if __name__ == "__main__":
    main()
