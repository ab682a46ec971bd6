#!/usr/bin/env python3
"""Checks a lobby's draw from its published files, with nothing but Python's own library.

    python3 verify.py DIRECTORY            whether the files agree
    python3 verify.py DIRECTORY 0 4711     and which rank number 4711 of group 0 drew
"""

import json
import sys
from hashlib import sha256
from pathlib import Path


def ranks(seed, group, count):
    """Numbers 1 to count, sorted by SHA-256(seed, group, number), get the ranks 1 to count."""
    lot = lambda number: sha256(seed + bytes([group]) + number.to_bytes(8, "big")).digest()
    order = sorted(range(1, count + 1), key=lambda number: (lot(number), number))
    drawn = [0] * count
    for rank, number in enumerate(order, start=1):
        drawn[number - 1] = rank
    return drawn


def main():
    directory = Path(sys.argv[1])
    draw = json.loads((directory / "draw.json").read_text())
    secret = bytes.fromhex(draw["secret"])
    assert sha256(secret).hexdigest() == draw["commitment"], "the secret doesn't match its commitment"

    seed = sha256(secret + draw["value"].encode())
    for count in draw["counts"]:
        seed.update(count.to_bytes(8, "big"))
    for digest in draw["lists"]:
        seed.update(bytes.fromhex(digest))
    seed = seed.digest()
    assert seed.hex() == draw["seed"], "the seed doesn't follow from the secret, the value and the lists"

    for group, (count, digest) in enumerate(zip(draw["counts"], draw["lists"])):
        lines = (directory / f"list-{group}.txt").read_text().split()
        assert len(lines) == count, f"the list of group {group} has the wrong length"
        found = sha256(bytes.fromhex("".join(lines))).hexdigest()
        assert found == digest, f"the list of group {group} doesn't match its digest"
        written = [int(rank) for rank in (directory / f"ranks-{group}.txt").read_text().split()]
        assert written == ranks(seed, group, count), f"the ranks of group {group} don't follow from the seed"
    print("all is right")
    if draw["round"]:
        print(f"if {draw['round']} had the value {draw['value']}: check that with its beacon, no file can prove it")

    if len(sys.argv) == 4:
        group, number = int(sys.argv[2]), int(sys.argv[3])
        print(f"number {number} drew rank {ranks(seed, group, draw['counts'][group])[number - 1]}")


main()
