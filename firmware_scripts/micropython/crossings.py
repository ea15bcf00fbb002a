"""The node's crossings in flash: none lost once counted, whenever the power goes.

Two files take turns. One is appended to, a record for each crossing; when it has grown, and at
each start, what the box does not have yet is gathered into the other one, which is then the
newer generation. A file whose head does not hold its CRC-32 was cut while it was written: the
other one is still whole. A record that does not was cut too, and nothing stands behind it.

    head:    "CX1" | generation 4 | boots 4 | node 8 | known 12 | records 4 | records' bytes | crc 4
    record:  minute 4 | entered 4 | left 4 | unknown 4 | crc 4

Counts are totals (see edge/door_frames.py), so records of one bucket gather into their last.
"""

import binascii
import os
import struct

from door_frames import NODE_BYTES, STEPS_MAX, Step, Totals

NAMES = ("crossings.a", "crossings.b")
RECORDS_MAX = 2000
"""Of an open file, 40 KB: then it is gathered."""
BUCKET_MIN = 5

_MAGIC = b"CX1"
_HEAD = ">3sII8sIIII"
_HEAD_BYTES = 35
_RECORD = ">IIII"
_RECORD_BYTES = 20


class CrossingsError(Exception):
    """Both files are damaged: what they counted is not known."""


class Crossings:
    """Open with `Crossings(folder, random_bytes)`; each start is a boot of its own."""

    def __init__(self, folder, random_bytes):
        self._folder = folder
        newest = self._newest()
        if newest is None:
            newest = _State(0, 0, random_bytes(NODE_BYTES), Totals(0, 0, 0), [])
        self.node = newest.node
        self.boots = newest.boots + 1
        self.known = newest.known
        self._generation = newest.generation
        self._steps = newest.steps
        self._file = None
        self._gather()

    @property
    def totals(self):
        """All crossings since the node's first start."""
        return self._steps[-1].totals if self._steps else self.known

    def waiting(self):
        """Return the oldest steps that the box is not known to have, as many as a report takes."""
        return self._steps[:STEPS_MAX]

    def add(self, minute, entered, left, unknown):
        """Count crossings; they are in flash when this returns."""
        now = self.totals
        totals = Totals(now.entered + entered, now.left + left, now.unknown + unknown)
        step = Step(minute, totals)
        if self._file_records >= RECORDS_MAX:
            self._gather()
        self._file.write(_record(step))
        _sync(self._file)
        self._file_records += 1
        self._steps.append(step)

    def acknowledge(self, held):
        """Drop what the box says it has committed."""
        if not held.reaches(self.known) or not self.totals.reaches(held):
            return
        if self.known.reaches(held):
            return
        self.known = held
        self._steps = [step for step in self._steps if not held.reaches(step.totals)]
        self._gather()

    def close(self):
        self._file.close()

    def _newest(self):
        states = []
        found = 0
        for name in NAMES:
            try:
                with open(self._path(name), "rb") as file:
                    data = file.read()
            except OSError:
                continue
            found += 1
            state = _read(data)
            if state is not None:
                states.append(state)
        if found == len(NAMES) and not states:
            raise CrossingsError("both files are damaged")
        states.sort(key=lambda state: state.generation)
        return states[-1] if states else None

    def _gather(self):
        """Write what waits into the other file, and go on there."""
        gathered = []
        for step in self._steps:
            if gathered and _bucket(gathered[-1]) == _bucket(step):
                gathered[-1] = step
            else:
                gathered.append(step)
        self._steps = gathered
        self._generation += 1
        if self._file is not None:
            self._file.close()
        self._file = open(self._path(NAMES[self._generation % 2]), "wb")
        records = b"".join([_record(step) for step in gathered])
        head = struct.pack(
            _HEAD, _MAGIC, self._generation, self.boots, self.node, *self.known.counts(),
            len(gathered),
        )  # fmt: skip
        self._file.write(head + records + _crc(head + records))
        _sync(self._file)
        self._file_records = len(gathered)

    def _path(self, name):
        return self._folder + "/" + name


class _State:
    """What a file says."""

    def __init__(self, generation, boots, node, known, steps):
        self.generation = generation
        self.boots = boots
        self.node = node
        self.known = known
        self.steps = steps


def _read(data):
    """Return the state of a file, None if its head is not whole."""
    if len(data) < _HEAD_BYTES:
        return None
    numbers = struct.unpack(_HEAD, data[:_HEAD_BYTES])
    magic, generation, boots, node = numbers[:4]
    end = _HEAD_BYTES + numbers[7] * _RECORD_BYTES
    if magic != _MAGIC or data[end : end + 4] != _crc(data[:end]):
        return None
    steps = []
    starts = list(range(_HEAD_BYTES, end, _RECORD_BYTES))
    starts.extend(range(end + 4, len(data) - _RECORD_BYTES + 1, _RECORD_BYTES))
    for start in starts:
        record = data[start : start + _RECORD_BYTES]
        if record[16:] != _crc(record[:16]):
            break
        row = struct.unpack(_RECORD, record[:16])
        steps.append(Step(row[0], Totals(*row[1:])))
    return _State(generation, boots, node, Totals(*numbers[4:7]), steps)


def _record(step):
    data = struct.pack(_RECORD, step.minute, *step.totals.counts())
    return data + _crc(data)


def _crc(data):
    return struct.pack(">I", binascii.crc32(data) & 0xFFFFFFFF)


def _bucket(step):
    return step.minute // BUCKET_MIN


def _sync(file):
    """Bring a file to the medium: MicroPython's flush does; CPython's needs fsync as well."""
    file.flush()
    if hasattr(os, "fsync"):
        os.fsync(file.fileno())
