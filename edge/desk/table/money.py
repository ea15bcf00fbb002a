"""Commands of the counter: top-ups, stored value, vouchers.

- `top_up`: `repaid_fen` of it repaid an advance that was drawn here.
- `issue_voucher`: `only_here`: it may be used at this cafe alone, without a line too.
"""

from edge.desk.commands import command

ROWS = (
    # name, right, inputs, values of the answer
    command(
        "top_up",
        "top_up",
        "member:id amount_fen:amount tender:text",
        "member amount_fen repaid_fen balance_fen spendable_fen print_job",
        needs_shift=True,
    ),
    command(
        "spend",
        "spend",
        "member:id amount_fen:amount note:text?",
        "member sale amount_fen points balance_fen spendable_fen print_job",
        needs_shift=True,
    ),
    command(
        "issue_voucher",
        "issue_voucher",
        "amount_fen:amount only_here:flag",
        "voucher code amount_fen month",
    ),
    command(
        "redeem_voucher",
        "redeem_voucher",
        "member:id code:text",
        "member voucher amount_fen balance_fen spendable_fen",
    ),
    command("release", "release", "member:id", "member amount_fen points"),
)
