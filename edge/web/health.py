"""`/healthz` and `/metrics`: how the box does, for a supervisor and for Prometheus.

`/healthz` answers 200 with JSON while the box takes commands, and 503 with the same JSON when its
disk has refused a commit or it is overrun: restart it, or look at it. A line that is down, a
printer that is away or mains that fail are no reason for either.
"""

import asyncio
from collections.abc import Callable, Iterable

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from edge.desk.desk import Desk
from edge.desk.view_types import TruthLine
from edge.store.errors import StoreError
from edge.store.store import Store

WRITE_TIMEOUT_S = 5.0
"""A write that waits longer means that the disk hangs."""

Counts = Callable[[], dict[str, int]]


def add_health_routes(
    app: web.Application, store: Store, desk: Desk, registry: CollectorRegistry
) -> None:
    """Serve both under `app`."""

    async def healthz(_request: web.Request) -> web.Response:
        problem = await _write_problem(store)
        truth = await desk.views.truth_line()
        values = {"ok": problem == "", "problem": problem, **_facts(truth)}
        return web.json_response(values, status=503 if problem else 200)

    async def metrics(_request: web.Request) -> web.Response:
        truth = await desk.views.truth_line()
        scrape = CollectorRegistry()
        scrape.register(_TruthCollector(truth))
        body = generate_latest(registry) + generate_latest(scrape)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/metrics", metrics)


async def _write_problem(store: Store) -> str:
    """A code for why no command can be committed now, empty if one can."""
    try:
        async with asyncio.timeout(WRITE_TIMEOUT_S):
            await store.write(lambda _transaction: None)
    except StoreError as error:
        return error.code
    except TimeoutError:
        return "disk_hangs"
    return ""


def _facts(truth: TruthLine) -> dict[str, object]:
    return {
        "line_up": truth.line_up,
        "line_since_ms": truth.line_since_ms,
        "ops_waiting": truth.ops_waiting,
        "oldest_waiting_ms": truth.oldest_waiting_ms,
        "money_waiting_fen": truth.money_waiting_fen,
        "print_jobs_waiting": truth.print_jobs_waiting,
        "clock_trust": truth.clock_trust,
        "spending_stopped": truth.spending_stopped,
        "safe_to_unplug": truth.safe_to_unplug,
        "mains_failed": bool(truth.mains_failed_ms),
        "second_copy": truth.second_copy.value,
        "devices": {device.name: device.state.value for device in truth.devices},
        "device_reasons": {device.name: device.reason for device in truth.devices},
    }


class _TruthCollector(Collector):
    """The truth line as gauges."""

    def __init__(self, truth: TruthLine) -> None:
        self._truth = truth

    def collect(self) -> Iterable[Metric]:
        truth = self._truth
        gauges = {
            "cafebox_ops_waiting": (truth.ops_waiting, "Ops that the hub has not acknowledged"),
            "cafebox_money_waiting_fen": (truth.money_waiting_fen, "Money that those ops moved"),
            "cafebox_print_jobs_waiting": (truth.print_jobs_waiting, "Receipts not printed yet"),
            "cafebox_clock_trust": (truth.clock_trust, "0 none, 1 hardware clock, 2 measured"),
            "cafebox_spending_stopped": (
                bool(truth.spending_stopped),
                "1 while no right is lowered",
            ),
            "cafebox_mains_failed": (bool(truth.mains_failed_ms), "1 while nothing new is taken"),
            "cafebox_second_copy_holds_all": (
                truth.second_copy.holds_all,
                "1 while what the hub has not is on a second medium too",
            ),
        }
        if truth.doors is not None:
            inside, untapped = truth.doors.inside, truth.doors.untapped
            gauges |= {
                "cafebox_people_inside": (inside, "Of this business day, by the door counters"),
                "cafebox_people_untapped": (untapped, "Came in without a tap this business day"),
            }
        for name, (value, help_text) in gauges.items():
            yield GaugeMetricFamily(name, help_text, value=float(value))
        oldest_s = truth.oldest_waiting_ms / 1000
        yield GaugeMetricFamily(
            "cafebox_oldest_waiting_timestamp_seconds",
            "When the oldest op not acknowledged was written, 0 for none",
            value=oldest_s,
        )
        states = GaugeMetricFamily(
            "cafebox_device_state",
            "1 for the state that a device is in",
            labels=["device", "state"],
        )
        for device in truth.devices:
            states.add_metric([device.name, device.state.value], 1.0)
        yield states


class CountsCollector(Collector):
    """Counts that a part of the box keeps by itself, such as pulses of the door by outcome."""

    def __init__(self, name: str, help_text: str, label: str, counts: Counts) -> None:
        self._name = name
        self._help_text = help_text
        self._label = label
        self._counts = counts

    def collect(self) -> Iterable[Metric]:
        family = CounterMetricFamily(self._name, self._help_text, labels=[self._label])
        for name, count in self._counts().items():
            family.add_metric([name], count)
        yield family
