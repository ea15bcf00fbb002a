"""Commands of the counter: log-in, visits, the screen.

- `log_in`: the person by number, or by the UID (hex) of their staff card; the PIN in either case.
"""

from edge.desk.commands import command

ROWS = (
    # name, right, inputs, values of the answer
    command("log_in", "", "staff:id? card_uid:text? pin:text", "staff name role shift token"),
    command("log_out", "", "", ""),
    command("show_member", "look", "member:id", "member"),
    command("clear_screen", "look", "", ""),
    command("leave", "serve", "member:id", "member"),
)
