"""Commands of the counter: reports on paper, reminders. Reading one is no command.

- `print_report`: `report` as `edge.desk.reports` calls it; without days it is today's.
- `settle_reminder`: `reminder` is the key of one that is due, or `all`; `state` is seen or done.
"""

from edge.desk.commands import command

ROWS = (
    # name, right, inputs, values of the answer
    command(
        "print_report", "see_reports", "report:text from_day:day? to_day:day?", "report print_job"
    ),
    command("settle_reminder", "serve", "reminder:text state:text", "reminder state"),
)
