"""The table of commands: names, inputs and rights, the one list that page, API and tests share.

`Desk.perform(name, session, request_id, inputs)` checks the inputs against this table. Inputs come
as JSON or as form text: an id or quantity may be `7` or `"7"`, lines may be a list or JSON text.
An amount may come as whole fen under its own name (`amount_fen`) or as typed yuan under the name
with `_yuan` (`amount_yuan="12.5"`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Input(StrEnum):
    """The type of an input."""

    ID = "id"
    """A record's number, 1 to 2^53 - 1."""
    AMOUNT = "amount"
    """Money in fen; the domain checks it."""
    QUANTITY = "quantity"
    """A count of pieces; the domain checks it."""
    TEXT = "text"
    """At most 200 characters, stripped."""
    FLAG = "flag"
    """true or false; form text `on`, `true` and `1` are true."""
    LINES = "lines"
    """[[text, quantity], ...], at most 100."""
    DAY = "day"
    """yyyymmdd as a number, or `yyyy-mm-dd`; 0 or empty for none."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One input of a command; what is not required has its type's empty value."""

    name: str
    type: Input
    required: bool = True


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the counter.

    `operation` is the right that it needs (a row of `edge.domain.staff.RIGHTS`), empty for what
    nobody needs a log-in for. `answers` names the values of its Answer.
    """

    name: str
    operation: str
    parameters: tuple[Parameter, ...]
    answers: tuple[str, ...]


def _command(name: str, operation: str, inputs: str, answers: str) -> Command:
    """A row from words: `name:type`, a trailing `?` for what may be left out."""
    parameters = []
    for word in inputs.split():
        field, type_name = word.rstrip("?").split(":")
        parameters.append(Parameter(field, Input(type_name), not word.endswith("?")))
    return Command(name, operation, tuple(parameters), tuple(answers.split()))


_ROWS = (
    # name, right, inputs, values of the answer
    _command("log_in", "", "staff:id pin:text", "staff name role shift token"),
    _command("log_out", "", "", ""),
    _command("show_member", "serve", "member:id", "member"),
    _command("clear_screen", "serve", "", ""),
    _command("leave", "serve", "member:id", "member"),
    _command(
        "register_member",
        "register_member",
        "name:text phone:text? identity:text? birth_date:day? card_uid:text? consent:flag",
        "member number card",
    ),
    _command("issue_card", "issue_card", "member:id card_uid:text label:text?", "member card"),
    _command(
        "top_up",
        "top_up",
        "member:id amount_fen:amount tender:text",
        "member amount_fen repaid_fen balance_fen spendable_fen print_job",
    ),
    _command(
        "spend",
        "spend",
        "member:id amount_fen:amount note:text?",
        "member sale amount_fen points balance_fen spendable_fen print_job",
    ),
    _command("add_line", "sell", "sku:text quantity:quantity?", "lines total_fen"),
    _command("remove_line", "sell", "sku:text", "lines total_fen"),
    _command("set_ticket_member", "sell", "member:id?", "member total_fen"),
    _command(
        "pay",
        "sell",
        "tender:text expected_total_fen:amount tender_reference:text? ticket:id?",
        "sale number total_fen points balance_fen spendable_fen below_zero print_job",
    ),
    _command("abandon", "sell", "", ""),
    _command(
        "refund",
        "refund",
        "sale:id amount_fen:amount reason:text",
        "sale amount_fen refundable_fen points tender print_job",
    ),
    _command(
        "issue_voucher",
        "issue_voucher",
        "amount_fen:amount only_here:flag",
        "voucher code amount_fen month",
    ),
    _command(
        "redeem_voucher",
        "redeem_voucher",
        "member:id code:text",
        "member voucher amount_fen balance_fen spendable_fen",
    ),
    _command("release", "release", "member:id", "member amount_fen points"),
    _command("goods_receipt", "move_stock", "lines:lines", "document lines"),
    _command(
        "goods_issue",
        "move_stock",
        "lines:lines cause:text",
        "document lines below_zero",
    ),
    _command(
        "dispatch_transfer",
        "move_stock",
        "to_cafe:id lines:lines? tags:text?",
        "transfer lines below_zero print_job",
    ),
    _command(
        "receive_transfer",
        "move_stock",
        "transfer:id lines:lines? tags:text?",
        "transfer status received shortage print_job",
    ),
    _command(
        "asset_receipt",
        "move_asset",
        "tag:text name:text type:text? serial:text?",
        "tag",
    ),
    _command("asset_issue", "move_asset", "tag:text user:id", "tag user"),
    _command("asset_return", "move_asset", "tag:text", "tag"),
    _command("asset_receipt_cancel", "move_asset", "tag:text", "tag"),
    _command("reprint", "reprint", "print_job:id", "print_job"),
)

COMMANDS: Mapping[str, Command] = {row.name: row for row in _ROWS}
"""Name -> `Command`. `POST /desk/<name>`.

- `goods_issue`: `cause` is `used` or `lost`.
- `dispatch_transfer`, `receive_transfer`: lines are [[sku, quantity], ...], `tags` are asset tags
  separated by spaces or commas. What was sent and is not named as received is the shortage.
- `pay`: `tender` is cash, card, wechat, alipay or wallet.
- `top_up`: `repaid_fen` of it repaid an advance that was drawn here.
- `issue_voucher`: `only_here`: it may be used at this cafe alone, without a line too.
- `refund` goes back to the tender that paid.
- `asset_issue`: `user` is a staff or member id.
- `asset_receipt_cancel` is for an asset that two cafes received under one tag.
- answers' `lines` are [[sku, quantity], ...], `shortage` is [[sku or tag, quantity], ...],
  `below_zero` are the skus whose booked stock fell below zero (an alert, not a refusal).
"""
