"""Commands of the counter: log-in, visits, the screen."""

from edge.desk.commands import command

ROWS = (
    # name, right, inputs, values of the answer
    command("log_in", "", "staff:id pin:text", "staff name role shift token"),
    command("log_out", "", "", ""),
    command("show_member", "look", "member:id", "member"),
    command("clear_screen", "look", "", ""),
    command("leave", "serve", "member:id", "member"),
)
