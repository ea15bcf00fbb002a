"""What the hub counts, for Prometheus. Label values come from fixed lists, never from a peer."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REASONS = frozenset(
    (
        "amount_zero",
        "batch_bytes",
        "batch_empty",
        "batch_of_other",
        "fenced",
        "field_range",
        "field_type",
        "fork",
        "frame_bytes",
        "frame_cells",
        "frame_codec",
        "frame_rows",
        "inbox_full",
        "malformed",
        "message_bytes",
        "not_canonical",
        "revoked",
        "seq_gap",
        "signature",
        "type",
        "unknown_node",
        "value_depth",
        "value_range",
        "value_size",
    )
)
"""Reasons of refusal counted by name; any other counts as `other`."""


def reason_label(code: str) -> str:
    """Return a reason as a label value."""
    return code if code in REASONS else "other"


class HubMetrics:
    """The counters of one hub, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.ops = Counter(
            "cafebox_hub_ops_total", "Ops committed", ["verdict"], registry=self.registry
        )
        self.blocks = Counter("cafebox_hub_blocks_total", "Blocks", registry=self.registry)
        self.quarantined = Counter(
            "cafebox_hub_quarantined_total",
            "Messages that changed nothing and were kept with their reason",
            ["reason"],
            registry=self.registry,
        )
        self.ignored = Counter(
            "cafebox_hub_ignored_total",
            "Messages of unknown type, doubled or out of session",
            registry=self.registry,
        )
        self.fenced = Counter(
            "cafebox_hub_fenced_total", "Sessions fenced", ["reason"], registry=self.registry
        )
        self.grants = Counter(
            "cafebox_hub_grants_total", "Grant requests", ["answer"], registry=self.registry
        )
        self.unsent = Counter(
            "cafebox_hub_unsent_total",
            "Messages not sent for want of a broker; repaired later",
            registry=self.registry,
        )
        self.commit_seconds = Histogram(
            "cafebox_hub_commit_seconds",
            "Judge and commit one block",
            buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3),
            registry=self.registry,
        )
        self.position = Gauge("cafebox_hub_position", "End of the log", registry=self.registry)
        self.report_lag = Gauge(
            "cafebox_hub_report_lag_ops",
            "Ops that the reports have not taken up",
            registry=self.registry,
        )
        self.waiting = Gauge(
            "cafebox_hub_waiting_messages",
            "Messages received and not judged",
            registry=self.registry,
        )
        self.broker_connected = Gauge(
            "cafebox_hub_broker_connected", "1 with a broker", registry=self.registry
        )
