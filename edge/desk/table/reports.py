"""Commands of the counter: reports on paper. Reading one is no command, see `edge.desk.reports`.

- `print_report`: `report` as `edge.desk.reports` calls it; without days it is today's.
"""

from edge.desk.commands import command

ROWS = (
    # name, right, inputs, values of the answer
    command(
        "print_report", "see_reports", "report:text from_day:day? to_day:day?", "report print_job"
    ),
)
