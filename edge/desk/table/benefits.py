"""Commands of the counter: points, gifts, tiers, passes, vouchers.

- `redeem_points`: `code` is a row of the rule `redemptions`; `for_member` gets it instead.
- `use_points`: points pay part of the open ticket; without a `code` they do no more.
- `return_redemption`: `instead` is redeemed at once in exchange.
- `convert`: `give` and `get` are points, money or spend_points; `amount` counts points or fen.
- `adjust_points`: `form` is award or deduct; a second person approves it.
- `sell_pass`: `code` is a row of the rule `passes`; without a member whoever shows its slip has it.
- `issue_voucher`: of an amount, or of the product `sku`; `only_here`: it may be used at this cafe
  alone, without a line too. `codes` are [[number, code], ...].
"""

from edge.desk.commands import PAYING, command

PAID = "sale number total_fen change_fen points balance_fen spendable_fen print_job"
WITH_CARD_PIN = f"{PAYING} card_pin:text?"

ROWS = (
    # name, right, inputs, values of the answer
    command(
        "redeem_points",
        "redeem_points",
        "member:id code:text for_member:id?",
        "member sale number points gives amount_fen points_left balance_fen spendable_fen"
        " print_job",
    ),
    command("use_points", "sell", "code:text?", "member total_fen"),
    command(
        "return_redemption",
        "refund",
        "sale:id reason:text instead:text?",
        "member sale number points points_left print_job",
    ),
    command(
        "convert",
        "redeem_points",
        "member:id give:text get:text amount:quantity",
        "member give get amount got balance_fen spendable_fen print_job",
    ),
    command(
        "adjust_points",
        "serve",
        "member:id form:text points:quantity reason:text",
        "member points approver tier print_job",
        approval="adjust_points",
    ),
    command("check_in", "serve", "member:id", "member points"),
    command("join_event", "serve", "member:id event:text", "member event points print_job"),
    command("give_gift", "serve", "member:id gift:text", "member gift what print_job"),
    command(
        "join_tier",
        "sell",
        f"member:id tier:text {WITH_CARD_PIN}",
        f"member tier {PAID}",
        approval="vouch_for_member",
        needs_shift=True,
    ),
    command("renew_tier", "serve", "member:id", "member tier"),
    command(
        "sell_pass",
        "sell",
        f"code:text member:id? {WITH_CARD_PIN}",
        f"pass pass_number visits member tier {PAID}",
        approval="vouch_for_member",
        needs_shift=True,
    ),
    command(
        "use_pass",
        "serve",
        "pass_id:id? number:text? zone:text?",
        "pass member visits to_day print_job",
    ),
    command(
        "refund_pass",
        "refund",
        "pass_id:id reason:text",
        "pass member sale amount_fen kept_fen points print_job",
        needs_shift=True,
    ),
    command(
        "issue_voucher",
        "issue_voucher",
        "amount_fen:amount? sku:text? count:quantity? until_day:day? only_here:flag",
        "voucher number code codes amount_fen month until_day print_job",
    ),
    command(
        "book",
        "book",
        "member:id what:text day:day",
        "member voucher number code until_day print_job",
    ),
    command(
        "redeem_voucher",
        "redeem_voucher",
        "member:id? code:text",
        "member voucher number what amount_fen balance_fen spendable_fen print_job",
    ),
)
