"""Commands of the counter: members."""

from edge.desk.commands import command

ROWS = (
    # name, right, inputs, values of the answer
    command(
        "register_member",
        "register_member",
        "name:text phone:text? identity:text? birth_date:day? card_uid:text? consent:flag",
        "member number card",
    ),
)
