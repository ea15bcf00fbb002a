"""Works: the shift and its cash, and the audit log."""

from collections.abc import Mapping

from edge.desk.table import COMMANDS
from edge.domain.rights_table import RIGHTS
from edge.domain.shifts import DENOMINATIONS_FEN
from edge.store.audit import DONE
from edge.web.actions import Action, Needs
from edge.web.translations import _
from edge.web.works.asked import Asked, Facts, Work, id_of, values_only

AUDIT_SHOWN = 100
SHIFT = "shift"
OPERATION_NAMES = {
    "set_up_devices": RIGHTS["set_up_devices"][1],  # of a page, no command
    **{one.name: RIGHTS[one.operation][1] for one in COMMANDS.values() if one.operation},
}
"""Command -> what people call what it does, in Chinese and English."""


async def _shift(asked: Asked) -> Facts:
    report = await asked.desk.views.shift_report(asked.screen.session)
    return {"report": report, "values": asked.values}


async def _shifts(asked: Asked) -> Facts:
    session = asked.screen.session
    shift = id_of(asked.query.get("shift", ""))
    report = await asked.desk.views.shift_report(session, shift) if shift else None
    return {"report": report, "shifts": await asked.desk.views.shifts(session)}


async def _count(asked: Asked) -> Facts:
    return {"values": asked.values, "denominations": DENOMINATIONS_FEN}


async def _end(asked: Asked) -> Facts:
    screen = asked.screen
    shift = screen.counter.truth.shift
    staff = await asked.desk.views.staff_to_log_in()
    return {
        "report": await asked.desk.views.shift_report(screen.session),
        "receivers": [one for one in staff if shift is None or one.staff != shift.staff],
        "values": asked.values,
    }


async def _audit(asked: Asked) -> Facts:
    chosen = id_of(asked.query.get("staff", ""))
    command, outcome = asked.query.get("command", ""), asked.query.get("outcome", "")
    people = await asked.desk.views.staff_to_log_in()
    return {
        "entries": asked.desk.audit.entries(
            staff=chosen, command=command, outcome=outcome, limit=AUDIT_SHOWN
        ),
        "people": people,
        "names": {person.staff: person.name for person in people},
        "commands": asked.desk.audited_commands,
        "operation_names": OPERATION_NAMES,
        "chosen": {"staff": chosen, "command": command, "outcome": outcome},
        "done_code": DONE,
    }


WORKS: Mapping[str, Work] = {
    "open-shift": values_only,
    SHIFT: _shift,
    "shifts": _shifts,
    "drop-cash": values_only,
    "petty-cash": values_only,
    "count-cash": _count,
    "end-shift": _end,
    "audit": _audit,
}
AFTER_ANSWER: Mapping[str, str] = {
    "count_cash": "end-shift",
    "print_shift_report": SHIFT,
}
AFTER_REFUSAL: Mapping[str, str] = {
    "open_shift": "open-shift",
    "drop_cash": "drop-cash",
    "petty_cash": "petty-cash",
    "count_cash": "count-cash",
    "close_shift": "end-shift",
    "hand_over": "end-shift",
    "print_shift_report": SHIFT,
}
ACTIONS = (
    Action(
        "open-shift",
        _("Open shift"),
        "work_shift",
        Needs.NO_SHIFT,
        work="open-shift",
        key="Shift+F9",
        kind="primary",
    ),
    Action("shift", _("Shift"), "work_shift", Needs.SHIFT, work=SHIFT, key="Shift+F9"),
    Action("drop-cash", _("Drop to the safe"), "work_shift", Needs.SHIFT, work="drop-cash"),
    Action("petty-cash", _("Petty cash"), "work_shift", Needs.SHIFT, work="petty-cash"),
    Action("count-cash", _("Count the cash"), "work_shift", Needs.SHIFT, work="count-cash"),
    Action("open-drawer", _("Open the drawer"), "open_drawer", command="open_drawer"),
    Action("end-shift", _("Hand over or close"), "work_shift", Needs.SHIFT, work="end-shift"),
    Action("shifts", _("Past shifts"), "work_shift", work="shifts"),
    Action("audit", _("Audit log"), "see_audit", work="audit"),
)
