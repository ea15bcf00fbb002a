"""What the node's own parts promise, on either interpreter: flash cut at each byte, beams, frames.

Usage: crossings_check.py FOLDER
"""

import os
import sys
from binascii import hexlify

sys.path.insert(0, "edge")
sys.path.insert(0, "firmware_scripts/micropython")

from beams import BOTH, ENTERED, INNER, LEFT, OUTER, UNKNOWN, Passage
from crossings import NAMES, RECORDS_MAX, Crossings, CrossingsError
from door_frames import REPORT, Frame, FrameError, Totals, hmac_sha256, seal, unseal

FOLDER = sys.argv[1]


def read(name):
    try:
        with open(FOLDER + "/" + name, "rb") as file:  # noqa: PTH123 - MicroPython has no pathlib
            return file.read()
    except OSError:
        return None


def write(files):
    for name, data in files.items():
        if data is not None:
            with open(FOLDER + "/" + name, "wb") as file:  # noqa: PTH123 - as above
                file.write(data)


def opened():
    crossings = Crossings(FOLDER, os.urandom)
    crossings.close()
    return crossings


def check_cuts(change):
    """Cut the files at each byte that `change` writes: the counts are those before or after it."""
    before = {name: read(name) for name in NAMES}
    crossings = Crossings(FOLDER, os.urandom)
    counts = [crossings.totals.counts()]
    node, boots = crossings.node, crossings.boots
    started = {name: read(name) for name in NAMES}
    change(crossings)
    counts.append(crossings.totals.counts())
    crossings.close()
    changed = {name: read(name) for name in NAMES}
    cuts = 0
    for old, new in ((before, started), (started, changed)):
        for name in NAMES:
            if old[name] == new[name]:
                continue
            grown = new[name][: len(old[name] or b"")] == old[name]
            for size in range(len(old[name]) if grown else 0, len(new[name])):
                write(old)
                write({name: new[name][:size]})
                again = opened()
                assert again.totals.counts() in counts, (name, size)
                assert again.node == node
                assert again.boots >= boots
                cuts += 1
    write(changed)
    return cuts


def cross(crossings):
    crossings.add(29_000_000, 1, 0, 0)


def acknowledge(crossings):
    crossings.acknowledge(crossings.totals)


def check_flash():
    opened()
    cross_first = opened()
    cuts = 0
    for change in (cross, cross, acknowledge, cross):
        cuts += check_cuts(change)
    crossings = Crossings(FOLDER, os.urandom)
    assert crossings.node == cross_first.node
    assert crossings.totals.counts() == (3, 0, 0)
    assert crossings.known.counts() == (2, 0, 0)
    for minute in range(RECORDS_MAX + 10):
        crossings.add(29_000_000 + minute // 100, 0, 1, 0)
    assert len(crossings.waiting()) < 100, "steps of one bucket gather into one"
    crossings.acknowledge(Totals(1, 0, 0))
    crossings.acknowledge(Totals(9, 9, 9))
    assert crossings.known.counts() == (2, 0, 0), "what cannot be is not believed"
    crossings.close()
    assert opened().totals.counts() == (3, RECORDS_MAX + 10, 0)
    write(dict.fromkeys(NAMES, b"damaged"))
    try:
        opened()
    except CrossingsError:
        return cuts
    raise AssertionError("two damaged files were taken for an empty flash")


def check_beams():
    for levels, expected in (
        ((OUTER, BOTH, INNER, 0), ENTERED),
        ((INNER, BOTH, OUTER, 0), LEFT),
        ((OUTER, BOTH, OUTER, 0), None),
        ((OUTER, 0), None),
        ((OUTER, BOTH, 0), UNKNOWN),
        ((BOTH, INNER, 0), UNKNOWN),
        ((BOTH, 0), UNKNOWN),
    ):
        passage = Passage()
        for _person in range(2):
            seen = [passage.see(level) for level in levels]
            assert seen[-1] == expected, (levels, seen)
            assert not any(seen[:-1])


def check_frames():
    # RFC 4231, test case 2
    mac = hexlify(hmac_sha256(b"Jefe", b"what do ya want for nothing?"))
    assert mac == b"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    key = bytes(range(32))
    data = seal(key, Frame(REPORT, b"12345678", 7, b"payload"))
    assert unseal(key, data).counter == 7
    wrong = [data[:-1], data + b"x", b""]
    wrong.extend([data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] for at in range(len(data))])
    for bad in wrong:
        try:
            unseal(key, bad)
        except FrameError:
            continue
        raise AssertionError("a changed frame was taken")


check_frames()
check_beams()
print(check_flash(), "cuts")
