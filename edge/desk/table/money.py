"""Commands of the counter: top-ups, stored value.

- `top_up`: an amount, or a `package` at its price. `repaid_fen` of it repaid an advance that was
  drawn here; `change_fen` of the cash goes back.
- `top_up_many`: lines are [[member's number, phone or card label, yuan], ...]; `rows` say of each
  line what was done, or why not (`code`, `zh`, `en`).
- `spend`, `pay_fee`: above the limit of the rule `spending` with `card_pin`, or a second person
  who vouches. `fee` is card_fee, membership_fee or other.
- `set_daily_limit`: `limit_fen` 0 or none: no limit of the member's own; to raise one or take it
  away needs a second person.
- `cancel_top_up`, `cash_out`: `amount_fen` less `kept_fen`, which was kept for bonus credit and
  points that are gone, is given back; `bonus_fen`, `points` and `lucky` were taken back.
"""

from edge.desk.commands import PAYING, command

ROWS = (
    # name, right, inputs, values of the answer
    command(
        "top_up",
        "top_up",
        f"member:id amount_fen:amount? package:text? note:text? {PAYING}",
        "member top_up number amount_fen bonus_fen points repaid_fen change_fen"
        " balance_fen spendable_fen print_job",
        approval="approve_top_up",
        needs_shift=True,
    ),
    command(
        "spend",
        "spend",
        "member:id amount_fen:amount note:text? card_pin:text? tapped_card:id?",
        "member sale amount_fen points balance_fen spendable_fen print_job",
        approval="vouch_for_member",
        needs_shift=True,
    ),
    command(
        "top_up_many",
        "top_up",
        f"lines:lines dry_run:flag? note:text? {PAYING}",
        "rows done failed amount_fen bonus_fen dry_run print_job",
        approval="top_up_many",
        needs_shift=True,
    ),
    command(
        "pay_fee",
        "spend",
        f"member:id fee:text amount_fen:amount note:text? {PAYING} card_pin:text?",
        "member sale amount_fen change_fen points balance_fen spendable_fen print_job",
        approval="vouch_for_member",
        needs_shift=True,
    ),
    command(
        "set_daily_limit",
        "set_daily_limit",
        "member:id limit_fen:amount_or_none?",
        "member limit_fen",
        approval="loosen_limit",
    ),
    command(
        "cancel_top_up",
        "top_up",
        "top_up:id reason:text",
        "member top_up number amount_fen bonus_fen points lucky kept_fen balance_fen spendable_fen"
        " print_job",
        approval="cancel_top_up",
        needs_shift=True,
    ),
    command(
        "cash_out",
        "cash_out",
        "member:id amount_fen:amount tender:text tender_reference:text? reason:text",
        "member top_up number amount_fen paid_fen bonus_fen points kept_fen balance_fen"
        " spendable_fen print_job",
        approval="approve_cash_out",
        needs_shift=True,
    ),
    command("release", "release", "member:id", "member amount_fen points"),
)
