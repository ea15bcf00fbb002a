"""Commands of the counter: seats, sessions, identity checks.

- `set_up_seats`: seats named `prefix` and `first` to `last`, from (`row`, `column`) on, `per_row`
  in a row.
- `start_session`: `payment` is postpaid, prepaid (`amount_fen`), package (`package`) or pass
  (`pass_id`, else the one that ends first). The identity check is `identity_check` of today, else
  a document's fields, else the member's own document; it is recorded before the session starts.
- `prepay_session`: more time; `ends_ms` is when all of it is used up.
- `end_session`: as of `shown_ms`, the moment that the guest was shown, at most five minutes ago
  (without it: now); `expected_total_fen` is what was shown as due. `back_fen` went back.
- `check_identity`: `outcome` is passed or under_age; both stay on record.
"""

from edge.desk.commands import PAYING, command

_DOCUMENT = "name:text? document_kind:text? document_number:text? birth_date:day?"

ROWS = (
    # name, right, inputs, values of the answer
    command(
        "set_up_seats",
        "set_up_seats",
        "prefix:text? first:quantity last:quantity zone:text row:quantity? column:quantity?"
        " per_row:quantity",
        "seats",
    ),
    command(
        "edit_seat",
        "set_up_seats",
        "seat:id name:text zone:text row:quantity column:quantity",
        "seat",
    ),
    command("remove_seat", "set_up_seats", "seat:id", "seat status"),
    command("close_seat", "close_seat", "seat:id note:text?", "seat status"),
    command("reopen_seat", "close_seat", "seat:id", "seat status"),
    command(
        "check_identity",
        "run_sessions",
        f"member:id? seat:id? {_DOCUMENT}",
        "identity_check outcome minimum_age",
    ),
    command(
        "start_session",
        "run_sessions",
        "seat:id member:id? payment:text? package:text? pass_id:id? amount_fen:amount_or_none?"
        f" identity_check:id? {_DOCUMENT} {PAYING} card_pin:text?",
        "session seat member prepaid_fen ends_ms change_fen balance_fen spendable_fen print_job",
        approval="vouch_for_member",
        needs_shift=True,
    ),
    command(
        "prepay_session",
        "run_sessions",
        f"session:id amount_fen:amount {PAYING} card_pin:text?",
        "session seat member prepaid_fen ends_ms change_fen balance_fen spendable_fen print_job",
        approval="vouch_for_member",
        needs_shift=True,
    ),
    command("change_seat", "run_sessions", "session:id seat:id", "session seat"),
    command("pause_session", "run_sessions", "session:id", "session seat"),
    command("resume_session", "run_sessions", "session:id", "session seat"),
    command(
        "end_session",
        "run_sessions",
        f"session:id expected_total_fen:amount_or_none? shown_ms:id? {PAYING} card_pin:text?",
        "session sale number member minutes total_fen due_fen back_fen change_fen points tier"
        " balance_fen spendable_fen print_job",
        approval="vouch_for_member",
        needs_shift=True,
    ),
)
