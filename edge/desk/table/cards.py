"""Commands of the counter: cards."""

from edge.desk.commands import command

ROWS = (
    # name, right, inputs, values of the answer
    command("issue_card", "issue_card", "member:id card_uid:text label:text?", "member card"),
)
