"""Commands of the counter: members.

- `register_member`, `change_member`: `identity_kind` is one of
  `edge.domain.members.IDENTITY_KINDS`, without one an identity card. `custom` is
  [[code, value], ...] of the rule `custom_fields`.
- `register_member`: with `card_uid` (a tapped card) or `card_number` (a blank one's) a card of
  `card_type` is issued too, and `tender` pays its fee and deposit.
- `change_member` sets all of the fields; of approved data only with the right
  `change_member_locked`, one's own or the approver's, and with a `reason`.
- `identify_member`: `text` is a card's printed number, a phone or a member number.
- `add_member_note`: `about` is service, feedback, preference or other.
- `request_exit`: what is left is to be paid out before the exit can be approved.
"""

from edge.desk.commands import command

_DATA = (
    "phone:text? identity:text? identity_kind:text? birth_date:day? category:text? custom:lines?"
)

ROWS = (
    # name, right, inputs, values of the answer
    command(
        "register_member",
        "register_member",
        f"name:text {_DATA} consent:flag card_uid:text? card_number:text? card_type:text?"
        " tender:text? tender_reference:text?",
        "member number card valid_to_day fee_fen deposit_fen print_job",
    ),
    command(
        "change_member",
        "change_member",
        f"member:id name:text {_DATA} reason:text?",
        "member changed",
        approval="change_member_locked",
    ),
    command("approve_member", "approve_member", "member:id", "member"),
    command("reject_member", "approve_member", "member:id reason:text?", "member"),
    command("add_member_note", "serve", "member:id about:text text:text?", "member"),
    command("renew_consent", "register_member", "member:id", "member consent"),
    command("identify_member", "look", "text:text", "member"),
    command(
        "request_exit", "request_exit", "member:id reason:text?", "member balance_fen deposit_fen"
    ),
    command("approve_exit", "approve_exit", "member:id", "member"),
    command("restore_member", "approve_exit", "member:id", "member"),
)
