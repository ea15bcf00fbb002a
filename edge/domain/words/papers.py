"""Words of refusals and reasons: receipts and slips that are filled in by hand."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "print_job_unknown": ("找不到这张小票", "No such receipt"),
    "paper_slip_unknown": (
        "手工单“{number}”和校验码对不上，请核对单上的号码和校验码",
        "No slip “{number}” with that code; check number and code on the paper",
    ),
    "paper_slip_entered": (
        "手工单“{number}”已经补录过了，不要重复录入",
        "Slip “{number}” was entered already; do not enter it again",
    ),
    "paper_slip_spoilt": (
        "手工单“{number}”已作废，不能补录",
        "Slip “{number}” was declared spoilt and cannot be entered",
    ),
    "paper_slip_time": (
        "时间要在打印手工单“{number}”之后，且不晚于现在",
        "The time must be after slip “{number}” was printed, and not in the future",
    ),
    "paper_slip_too_old": (
        "超过 {days} 天的手工单不能补录，请找店长更正",
        "A slip older than {days} days cannot be entered; ask the manager for a correction",
    ),
    "paper_slips_open": (
        "还有 {open} 张手工单没有补录，最多 {limit} 张；请先补录或作废",
        "{open} slips are still open, at most {limit} may be; enter or spoil some first",
    ),
}
