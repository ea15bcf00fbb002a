"""Two hub processes on one log by mistake, slow, stopped and killed: the log stays one.

A reader polls while they write. It must never see a position skipped, repeated, out of order or
changed; the newer hub goes on, and the older one can append no more.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cloud.hub.keys import verifier
from cloud.store import log
from cloud.store.database import open_reader, open_writer
from cloud.store.migrations import migrate
from cloud.store.models import LogBlock, LogOp
from cloud.store.refold import refold
from sync_protocol.blocks import log_genesis_hash
from tests.cloud.appender import CHAIN, FENCED, KEY, NODES
from tests.cloud.chain import Chain

ROOT = Path(__file__).parents[2]
DEADLINE_S = 60.0


class Reader(threading.Thread):
    """Follows the log as a page, a report or a repair does, and notes the first thing amiss."""

    def __init__(self, url):
        super().__init__(name="log-reader")
        self.url = url
        self.position = self.block = 0
        self.block_hash = log_genesis_hash(CHAIN, 1)
        self.block_end = 0
        self.polls = 0
        self.amiss = ""
        self._stopping = threading.Event()

    def run(self):
        database = open_reader(self.url)
        try:
            while not self.amiss and not self._stopping.is_set():
                self._poll_ops(database)
                self._poll_blocks(database)
                self.polls += 1
        finally:
            database.close()

    def _poll_ops(self, database):
        query = LogOp.select(LogOp.position).where(LogOp.position > self.position)
        positions = [row.position for row in database.rows(query.order_by(LogOp.position))]
        end = self.position + len(positions)
        if positions != list(range(self.position + 1, end + 1)):
            self.amiss = f"after {self.position} came {positions[:5]}"
        self.position = end
        if self.polls % 50 == 0:
            counted = "SELECT COUNT(*) FROM log_op WHERE position <= ?"
            seen = database.execute(counted, (end,)).fetchone()[0]
            if seen != end:
                self.amiss = f"{seen} ops stand at positions up to {end}"

    def _poll_blocks(self, database):
        query = LogBlock.select().where(LogBlock.number > self.block).order_by(LogBlock.number)
        for block in database.rows(query):
            follows = (self.block + 1, self.block_end + 1, self.block_hash)
            if (block.number, block.first_position, block.previous_hash) != follows:
                self.amiss = f"block {block.number} does not follow block {self.block}"
            self.block, self.block_hash = block.number, block.hash
            self.block_end = block.first_position + block.count - 1

    def stop(self):
        self._stopping.set()
        self.join(DEADLINE_S)
        assert not self.is_alive()
        assert not self.amiss, self.amiss


class Appender:
    """One hub process."""

    def __init__(self, url, *arguments):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.cloud.appender", url, *arguments],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self.line() == "ready"

    def line(self):
        return self._process.stdout.readline().strip()

    def commit(self, blocks):
        """Wait until it has said of so many more blocks that they are committed."""
        for _ in range(blocks):
            line = self.line()
            assert line.isdigit(), f"{line!r} instead of a block"

    def until(self, text):
        while (line := self.line()) != text:
            assert line, f"it ended before {text!r}"

    def signal(self, number):
        os.kill(self._process.pid, number)

    def end(self):
        """Wait for its end; returns the exit code (negative: a signal)."""
        self._process.stdout.read()
        return self._process.wait(DEADLINE_S)

    def close(self):
        self._process.kill()  # nothing where it has ended
        self._process.stdout.close()
        self._process.wait()


class Log:
    """A log with two enrolled nodes, processes on it, and a reader beside them."""

    def __init__(self, url):
        self.url = url
        self.hubs = []
        database = open_writer(url)
        migrate(database)
        chain = Chain(database, CHAIN, KEY)
        for node in NODES:
            chain.node(node, node)
        database.close()
        self.reader = Reader(url)
        self.reader.start()

    def hub(self, *arguments):
        hub = Appender(self.url, *arguments)
        self.hubs.append(hub)
        return hub

    def check(self):
        """End the hubs; everything in the log holds together, from nothing."""
        for hub in self.hubs:
            hub.close()
        self.reader.stop()
        assert self.reader.polls > 10
        database = open_reader(self.url)
        report = refold(database, verifier(KEY.public_key().public_bytes_raw()))
        head = log.read_head(database)
        rows = database.rows(LogOp.select(LogOp.node, LogOp.seq).order_by(LogOp.position))
        database.close()
        assert report.equal, report.differences
        assert (report.ops, report.blocks) == (head.position, head.block_number)
        for node in NODES:
            seqs = [row.seq for row in rows if row.node == node]
            assert seqs == list(range(1, len(seqs) + 1))
        return head

    def close(self):
        for hub in self.hubs:
            hub.close()
        self.reader._stopping.set()
        self.reader.join()


@pytest.fixture
def one_log(store_url):
    opened = Log(store_url)
    yield opened
    opened.close()


@pytest.fixture
def postgresql_log(cluster):
    opened = Log(cluster.new_database())
    yield opened
    opened.close()


def test_each_newer_hub_takes_over_from_one_that_writes(postgresql_log):
    older = postgresql_log.hub("--slow-ms", "60")
    older.commit(20)
    for turn in range(4):
        newer = postgresql_log.hub("--slow-ms", str(40 * (turn % 3)))
        newer.commit(12)
        assert older.end() == FENCED
        older = newer
    older.commit(10)
    assert postgresql_log.check().block_number > 4 * 12


def test_hubs_that_start_at_one_moment_leave_one(postgresql_log):
    starting = [threading.Thread(target=postgresql_log.hub) for _ in range(4)]
    for thread in starting:
        thread.start()
    for thread in starting:
        thread.join()
    ended = []
    deadline_s = time.monotonic() + DEADLINE_S
    while len(ended) < 3 and time.monotonic() < deadline_s:
        ended = [hub for hub in postgresql_log.hubs if hub._process.poll() is not None]
        time.sleep(0.02)
    assert [hub.end() for hub in ended] == [FENCED] * 3
    [left] = [hub for hub in postgresql_log.hubs if hub not in ended]
    left.commit(20)
    postgresql_log.check()


@pytest.mark.parametrize("point", ["hub_committing", "hub_committed"])
def test_a_hub_killed_at_its_commit_leaves_all_or_nothing_to_the_next(one_log, point):
    killed = one_log.hub("--kill", f"{point}:9")
    assert killed.end() == -signal.SIGKILL
    newer = one_log.hub("--kill", f"{point}:30")
    newer.commit(20)
    assert newer.end() == -signal.SIGKILL
    committed = 8 + 29 if point == "hub_committing" else 9 + 30
    assert one_log.check().block_number == len(NODES) + committed


def test_a_newer_hub_waits_for_a_commit_that_hangs_and_takes_over_from_the_killed(postgresql_log):
    hung = postgresql_log.hub("--stop", "hub_committing:5")
    hung.until("struck hub_committing")
    starting = threading.Thread(target=postgresql_log.hub)
    starting.start()
    starting.join(0.7)
    assert starting.is_alive(), "the newer hub did not wait for the lock"
    position = postgresql_log.reader.position
    hung.signal(signal.SIGKILL)
    starting.join(DEADLINE_S)
    newer = postgresql_log.hubs[-1]
    newer.commit(20)
    assert postgresql_log.check().position > position


def test_a_hub_that_wakes_up_after_another_took_over_appends_nothing(one_log):
    asleep = one_log.hub("--stop", "hub_committed:5")
    asleep.until("struck hub_committed")
    newer = one_log.hub("--stop", "hub_committed:30")
    newer.until("struck hub_committed")
    reader = open_reader(one_log.url)
    position = log.read_head(reader).position
    asleep.signal(signal.SIGCONT)
    assert asleep.end() == FENCED
    assert log.read_head(reader).position == position
    reader.close()
    newer.signal(signal.SIGCONT)
    newer.commit(10)
    one_log.check()
