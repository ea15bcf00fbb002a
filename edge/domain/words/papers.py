"""Words of refusals and reasons: receipts, reports and imports."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "print_job_unknown": ("找不到这张小票", "No such receipt"),
}
