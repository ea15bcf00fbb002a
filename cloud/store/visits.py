"""Who was where on which business day: a report table behind the log, for the usual cafe."""

from cloud.store.database import Database
from cloud.store.report_models import ReportVisit
from sync_protocol.kinds import VISIT, field_index
from sync_protocol.registers import RegisterWrite


def fold_visit(database: Database, write: RegisterWrite, corrected_day: int) -> None:
    """Note the visit that a confirmed write of a VISIT document opens; other writes say nothing.

    `corrected_day`: what the annotation says instead of the day in the document, 0 for nothing.
    """
    values = {change.index: change.value for change in write.changes}
    member = values.get(field_index(VISIT, "member"))
    day = values.get(field_index(VISIT, "business_day"))
    if isinstance(member, int) and isinstance(day, int):
        row = {"member": member, "business_day": corrected_day or day, "cafe": write.cafe}
        database.run(ReportVisit.insert(row).on_conflict_ignore())


def visit_days(database: Database, first_day: int) -> dict[int, dict[int, list[int]]]:
    """Return {member: {cafe: [business days]}} from a business day (yyyymmdd) on."""
    rows = database.rows(ReportVisit.select().where(ReportVisit.business_day >= first_day))
    found: dict[int, dict[int, list[int]]] = {}
    for row in rows:
        found.setdefault(row.member, {}).setdefault(row.cafe, []).append(row.business_day)
    return found
