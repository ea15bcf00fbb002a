"""Commands of the counter: receipts."""

from edge.desk.commands import command

ROWS = (
    # name, right, inputs, values of the answer
    command("reprint", "reprint", "print_job:id", "print_job"),
)
