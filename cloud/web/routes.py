"""Every address of head office's pages, what answers it, and which right it needs."""

from dataclasses import dataclass

from cloud.web import accounts, boxes, cafes, cases, changing, products, reading, rules, vouchers
from cloud.web.page_security import Handler

EVERYBODY = ""
"""No log-in is needed."""


@dataclass(frozen=True, slots=True)
class Route:
    """One address. `right`: an operation of `cloud.domain.rights`, or EVERYBODY."""

    method: str
    path: str
    handler: Handler
    right: str


OPEN_WHILE_DUE = ("/account", "/account/password", "/account/second-factor", "/first-run")
"""What somebody reaches who must do something first (`cloud.domain.passwords.must_do`)."""

ROUTES = (
    Route("GET", "/", reading.home, "look"),
    Route("GET", "/members", reading.members, "look"),
    Route("GET", "/members/{member}", reading.member, "look"),
    Route("GET", "/entries", reading.entries, "look"),
    Route("GET", "/ops/{position}", reading.op, "look"),
    Route("GET", "/cases", cases.inbox, "look"),
    Route("GET", "/boxes", boxes.page, "look"),
    Route("GET", "/products", products.products, "look"),
    Route("GET", "/staff", changing.staff, "look"),
    Route("GET", "/staff/{person}", accounts.person, "change_staff"),
    Route("GET", "/account", accounts.own, "own_account"),
    Route("GET", "/first-run", accounts.first_run, "own_account"),
    Route("GET", "/cafes", cafes.cafes, "look"),
    Route("GET", "/vouchers", vouchers.vouchers, "look"),
    Route("GET", "/rules", rules.listing, "look"),
    Route("GET", "/rules.toml", rules.download, "look"),
    Route("GET", "/rules/{name}", rules.rule, "look"),
    Route("POST", "/cases/{case}/settle", cases.settle, "settle_case"),
    Route("POST", "/boxes/{node}/{epoch}/write-off", boxes.write_off, "approve_epoch"),
    Route("POST", "/boxes/branches/{branch}/admit", boxes.admit, "approve_epoch"),
    Route("POST", "/boxes/{node}/code", boxes.create_code, "change_cafes"),
    Route("POST", "/products", products.products, "change_products"),
    Route("POST", "/staff", changing.staff, "change_staff"),
    Route("POST", "/staff/{person}", accounts.change, "change_staff"),
    Route("POST", "/staff/{person}/password", accounts.reset_password, "change_staff"),
    Route("POST", "/staff/{person}/second-factor", accounts.reset_second_factor, "change_staff"),
    Route("POST", "/account/password", accounts.change_password, "own_account"),
    Route("POST", "/account/second-factor", accounts.set_second_factor, "own_account"),
    Route("POST", "/first-run", accounts.first_run, "own_account"),
    Route("POST", "/cafes", cafes.cafes, "add_cafe"),
    Route("POST", "/cafes/{cafe}", cafes.rename, "change_cafes"),
    Route("POST", "/cafes/{cafe}/close", cafes.close, "change_cafes"),
    Route("POST", "/cafes/{cafe}/reopen", cafes.reopen, "change_cafes"),
    Route("POST", "/cafes/{cafe}/code", cafes.create_code, "change_cafes"),
    Route("POST", "/rules", rules.listing, "change_rules"),
    Route("POST", "/rules/{name}", rules.change, "change_rules"),
    Route("POST", "/vouchers", vouchers.vouchers, "issue_vouchers"),
    Route("POST", "/members/{member}/erase", changing.erase, "erase_member"),
    Route("POST", "/log-in", changing.log_in, EVERYBODY),
    Route("POST", "/log-out", changing.log_out, EVERYBODY),
    Route("POST", "/language/{language}", changing.choose_language, EVERYBODY),
)
