"""Commands of the counter: cards.

- `issue_card`, `reissue_card`: `card_uid` is a tapped card, `card_number` the printed number of a
  blank one. `tender` pays fee and deposit of the card's type, where it has any.
- `return_card`: `card_uid` of the card that lies on the reader frees its number; `tender` is how
  the deposit goes back.
- `transfer_card`: `to` is the new owner's phone or member number.
- `generate_cards`: `labels` are the numbers to be printed on the cards.
"""

from edge.desk.commands import command

_OF_A_CARD = "card member status"

ROWS = (
    # name, right, inputs, values of the answer
    command(
        "issue_card",
        "issue_card",
        "member:id card_uid:text? card_number:text? label:text? card_type:text? tender:text?"
        " tender_reference:text?",
        "member card valid_to_day fee_fen deposit_fen print_job",
    ),
    command(
        "add_blank_card", "issue_card", "card_uid:text label:text? card_type:text?", "card label"
    ),
    command("generate_cards", "generate_cards", "count:quantity card_type:text?", "labels"),
    command("report_card_lost", "report_card_lost", "card:id", _OF_A_CARD),
    command("cancel_card_lost", "cancel_card_lost", "card:id", _OF_A_CARD),
    command("suspend_card", "suspend_card", "card:id", _OF_A_CARD),
    command("resume_card", "resume_card", "card:id", _OF_A_CARD),
    command("void_card", "void_card", "card:id", _OF_A_CARD),
    command("extend_card", "extend_card", "card:id to_day:day", _OF_A_CARD + " valid_to_day"),
    command(
        "renew_card",
        "renew_card",
        "card:id tender:text? tender_reference:text?",
        _OF_A_CARD + " valid_to_day fee_fen print_job",
    ),
    command(
        "reissue_card",
        "reissue_card",
        "card:id card_uid:text? card_number:text?",
        "card member replaced",
    ),
    command("transfer_card", "transfer_card", "card:id to:text", "card member former_member"),
    command(
        "return_card",
        "return_card",
        "card:id card_uid:text? tender:text?",
        "card member deposit_fen print_job",
    ),
    command("set_card_pin", "set_card_pin", "card:id pin:text pin_again:text", "card member"),
    command(
        "change_card_pin",
        "set_card_pin",
        "card:id former_pin:text pin:text pin_again:text",
        "card member",
    ),
    command("reset_card_pin", "reset_card_pin", "card:id pin:text pin_again:text", "card member"),
)
