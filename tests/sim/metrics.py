"""In the place of metrics: they are not what is tested here, and cost as much as a small block."""

from typing import Any

from prometheus_client import CollectorRegistry


class _NoMetric:
    """Counts nothing."""

    def labels(self, *_: object) -> "_NoMetric":
        return self

    def inc(self, *_: object) -> None: ...

    def set(self, *_: object) -> None: ...

    def time(self) -> "_NoMetric":
        return self

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


class NoMetrics:
    """In the place of `HubMetrics` and `SyncMetrics`."""

    registry = CollectorRegistry()

    def __getattr__(self, _name: str) -> _NoMetric:
        return _NO_METRIC


_NO_METRIC = _NoMetric()
NO_METRICS: Any = NoMetrics()
