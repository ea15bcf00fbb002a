"""What the sync counts, as Prometheus reads it; the registry is handed in."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class SyncMetrics:
    """Counters and gauges under `cafebox_sync_`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.line_up = Gauge("cafebox_sync_line_up", "1 while the hub answers", registry=registry)
        self.lines_lost = Counter(
            "cafebox_sync_lines_lost", "Lines that were up and went down", registry=registry
        )
        self.acked_seq = Gauge(
            "cafebox_sync_acked_seq", "Last own op that the hub has committed", registry=registry
        )
        self.applied_ops = Counter(
            "cafebox_sync_applied_ops", "Ops of the hub's log applied here", registry=registry
        )
        self.applied_position = Gauge(
            "cafebox_sync_applied_position", "Place in the hub's log", registry=registry
        )
        self.hub_position = Gauge(
            "cafebox_sync_hub_position", "End of the hub's log as last heard", registry=registry
        )
        self.repairs = Counter(
            "cafebox_sync_repairs", "Requests for blocks over HTTP", ["outcome"], registry=registry
        )
        self.snapshots = Counter("cafebox_sync_snapshots", "Snapshots loaded", registry=registry)
        self.faults = Counter(
            "cafebox_sync_faults",
            "What a peer sent and was not taken, by code",
            ["code"],
            registry=registry,
        )
        self.alarms = Counter(
            "cafebox_sync_alarms",
            "Own ledger ops that came back void or diverted",
            registry=registry,
        )
