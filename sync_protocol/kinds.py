"""The table of record kinds: what each holds, who may write it, who receives it, how it merges.

To add a kind, add a row to `_ROWS` and, for a register, its fields to `_FIELDS`; never renumber a
kind or a field, never reuse a number. A node that meets a kind it does not know parks the op
(docs/PROTOCOL.md, section 4).

Policies:

- REGISTER: a document of fields; see `registers`.
- CLAIM: a key that only one subject in the chain may hold; see `claims`.
- LEDGER: a transaction whose postings sum to zero; see `ledger`.
- SYSTEM: about the log itself; each has a body of its own, written at `SYSTEM_BODIES`.
"""

REGISTER = 1
CLAIM = 2
LEDGER = 3
SYSTEM = 4

INT = 1
TEXT = 2
BYTES = 3
BOOL = 4
LIST = 5
REF = 6
"""Types of a field's value; nil is always allowed and means «not set»."""

ANY_CAFE = 1
"""Author: any node, in its own cafe's name."""
OWN_CAFE = 2
"""Author: only nodes of the cafe that created the record."""
HUB_ONLY = 3
"""Author: the hub."""

CHAIN = 1
"""Reach: every node keeps it."""
CAFE = 2
"""Reach: the author's cafe and the hub."""

KEEP_ALWAYS = 0
"""keep_days: the box never drops these ops (balances and current rows stay in any case)."""


class Field:
    """One field of a register.

    `ranks`: None for last writer wins; else the values from least to most safe: of two concurrent
    ones the safer wins.
    """

    __slots__ = ("name", "type", "ranks")

    def __init__(self, name: str, type: int, ranks: "tuple[str, ...] | None" = None) -> None:
        self.name = name
        self.type = type
        self.ranks = ranks


class Kind:
    """One row of the table.

    `personal`: bodies carry a salt and can be erased; the subject is the key of a register, the
    subject field of a claim. `keep_days`: how long a box keeps the ops of this kind once they are
    confirmed. `indexes`: field name -> its index.
    """

    __slots__ = (
        "code",
        "name",
        "policy",
        "fields",
        "author",
        "reach",
        "personal",
        "keep_days",
        "indexes",
    )

    def __init__(
        self,
        code: int,
        name: str,
        policy: int,
        fields: "tuple[Field, ...]",
        author: int,
        reach: int,
        personal: bool,
        keep_days: int,
    ) -> None:
        self.code = code
        self.name = name
        self.policy = policy
        self.fields = fields
        self.author = author
        self.reach = reach
        self.personal = personal
        self.keep_days = keep_days
        self.indexes = {}
        for index in range(len(fields)):
            self.indexes[fields[index].name] = index


SITE = 1
NODE = 2
STAFF = 3
MEMBER = 4
CARD = 5
PRODUCT = 6
RULE = 8
VISIT = 9
TRANSFER = 10
ASSET = 11
CASE = 12
SALE = 13
ALIAS = 14
"""A member (the key) that was merged into another: no posting moves, both are read as one."""
USUAL_CAFE = 15
"""Where a member (the key) goes most: there the slice and the advance limit are held."""
SEAT = 16
SESSION = 17
"""A guest's time at a seat."""
IDENTITY_CHECK = 18
"""Whose document was looked at before a session; written once, never changed."""
SHIFT = 19
TOP_UP = 20
"""The paper of a top-up or cash-out: number, tenders, bonus."""
PASS = 21
"""A multi-visit or period pass (the key); its visits stand in `visits:<pass>`."""
PAPER_SLIP = 22
"""A numbered slip printed in advance for hours without the box, and what it was entered as."""
AUDIT_MARK = 23
"""How far a box's audit log had come: a log cut short behind it is found out."""
DOOR_COUNT = 24
"""Who went through a cafe's doors in five minutes; the key is cafe, business day and number."""
CARD_CLAIM = 30
PHONE_CLAIM = 31
IDENTITY_CLAIM = 32
ASSET_CLAIM = 33
VOUCHER_CLAIM = 34
OPENING_CLAIM = 35
"""A member's opening balances from an old system: they come in once in the whole chain."""
TRANSACTION = 50
CAFE_TRANSACTION = 51
SEGMENT = 70
ERASE = 71
EPOCH_CLOSE = 72
LATE_VERDICT = 73
BRANCH = 74

NODE_STATUS = ("active", "fenced", "revoked")
CARD_STATUS = ("active", "suspended", "lost", "void")
"""From least to most safe: of two concurrent changes the safer wins."""

SYSTEM_BODIES = {
    SEGMENT: "[segment, boot id (8 to 16 bytes), wall_ms, monotonic_ms, trust, reason: boot|step]",
    ERASE: "[subject id]",
    EPOCH_CLOSE: "[node, epoch, last seq of that epoch at the hub, [staff id, staff id]]",
    LATE_VERDICT: "[reference, verdict, detail]",
    BRANCH: "[node, branch's epoch, parent's epoch, parent's seq, parent's hash,"
    " last seq, last hash, [staff id, staff id]]",
}


_FIELDS = {
    SITE: "code:text name:text name_en:text region:text form:text address:text open:bool",
    NODE: "cafe:int name:text public_key:bytes epoch:int status:text hardware:bytes",
    STAFF: (
        "name:text role:text cafes:list pin_hash:text password_hash:text active:bool"
        " card_hash:bytes granted:list taken:list password_day:int second_factor:text"
    ),
    MEMBER: (
        "number:text name:text phone:text identity:text birth_date:int tier:text status:text"
        " home_cafe:int joined_day:int consent:text note:text photo:bytes identity_kind:text"
        " category:text custom:list approved_by:int approved_day:int tier_since_day:int"
        " tier_until_day:int daily_limit_fen:int initials:text exit_reason:text exit_day:int"
        " change_reason:text"
    ),
    CARD: (
        "member:int status:text label:text form:text issued_day:int valid_to_day:int type:text"
        " pin_hash:text replaced_by:int"
    ),
    PRODUCT: (
        "name:text name_en:text category:text barcode:text price_fen:int member_price_fen:int"
        " counted:bool points_rate:int on_sale:bool unit:text brand:text commission_percent:int"
        " free:bool low_stock:int audience:text cafes:list service:bool"
    ),
    RULE: "version:int values:list",
    VISIT: (
        "member:int card:int entered_ms:int left_ms:int business_day:int taps:int checked_in_ms:int"
    ),
    TRANSFER: (
        "from_cafe:int to_cafe:int lines:list dispatched_ms:int received_ms:int received_lines:list"
        " status:text"
    ),
    ASSET: "name:text type:text serial:text bought_day:int note:text",
    CASE: (
        "type:text status:text cafe:int op:ref against:ref subject:int fields:list opened_ms:int"
        " settlement:text reason:text settled_by:int kind:int note:text settled_day:int"
    ),
    SALE: (
        "number:int member:int lines:list total_fen:int tenders:list business_day:int points:int"
        " discount_fen:int shift:int cashier:int session:int paper_slip:int voided_ms:int"
        " voided_by:int void_reason:text refunded:list points_back:int card_type:text tier:text"
        " points_used:int rebate_fen:int served_by:int commission_fen:int"
    ),
    ALIAS: "into:int",
    USUAL_CAFE: "cafe:int",
    SEAT: "name:text zone:text row:int column:int status:text note:text",
    SESSION: (
        "member:int card:int seat:int status:text started_ms:int ended_ms:int business_day:int"
        " stretches:list identity_check:int payment:text package:text pass:int prepaid_fen:int"
        " charged_fen:int minutes:int sale:int rule_version:int tier:text number:int rates:list"
        " terms:list discount:list covered_minutes:int covered_until_ms:int covered_zones:text"
        " package_fen:int paid:list ends_ms:int warned_ms:int clock_note:text"
    ),
    IDENTITY_CHECK: (
        "member:int name:text document_kind:text document_number:text birth_date:int checker:int"
        " checked_ms:int trust:int outcome:text seat:int business_day:int person:text"
        " refused_day:int"
    ),
    SHIFT: (
        "number:int terminal:int staff:int status:text opened_ms:int closed_ms:int business_day:int"
        " float_fen:int counted:list counted_fen:int expected_fen:int difference_fen:int"
        " handed_to:int left_fen:int blank_cards:int open_cases:int note:text totals:list"
        " petty_cash:list"
    ),
    TOP_UP: (
        "number:int form:text member:int amount_fen:int bonus_fen:int tenders:list business_day:int"
        " shift:int cashier:int approver:int note:text paper_slip:int at_ms:int points:int"
        " voided_by:int lucky:int bonus_month:int repaid_fen:int rule_version:int package:text"
        " of:int"
    ),
    PASS: (
        "member:int code:text form:text sold_cafe:int from_day:int to_day:int zones:text"
        " from_minute:int to_minute:int weekdays:text price_fen:int status:text sale:int"
        " number:text visits:int"
    ),
    PAPER_SLIP: (
        "number:int code:text printed_ms:int printed_by:int status:text form:text member:int"
        " amount_fen:int happened_ms:int entered_ms:int entered_by:int op:ref note:text"
        " document:int"
    ),
    AUDIT_MARK: "number:int hash:bytes at_ms:int",
    DOOR_COUNT: "entered:int left:int unknown:int business_day:int from_ms:int",
}
"""Register -> its fields in the order of their numbers, each as name:type."""

_RANKS = {(NODE, "status"): NODE_STATUS, (CARD, "status"): CARD_STATUS}


def _fields(code: int) -> "tuple[Field, ...]":
    types = {"int": INT, "text": TEXT, "bytes": BYTES, "bool": BOOL, "list": LIST, "ref": REF}
    made = []
    for word in _FIELDS.get(code, "").split():
        name, type_name = word.split(":")
        made.append(Field(name, types[type_name], _RANKS.get((code, name))))
    return tuple(made)


def _kind(
    code: int, name: str, policy: int, author: int, reach: int, personal: bool, keep_days: int
) -> Kind:
    return Kind(code, name, policy, _fields(code), author, reach, personal, keep_days)


_ROWS = (
    # code, name, policy, author, reach, personal, keep_days
    _kind(SITE, "cafe", REGISTER, HUB_ONLY, CHAIN, False, 30),
    _kind(NODE, "node", REGISTER, HUB_ONLY, CHAIN, False, 30),
    _kind(STAFF, "staff", REGISTER, HUB_ONLY, CHAIN, True, 30),
    _kind(MEMBER, "member", REGISTER, ANY_CAFE, CHAIN, True, 30),
    _kind(CARD, "card", REGISTER, ANY_CAFE, CHAIN, False, 30),
    _kind(PRODUCT, "product", REGISTER, HUB_ONLY, CHAIN, False, 30),
    _kind(RULE, "rule", REGISTER, HUB_ONLY, CHAIN, False, 30),
    _kind(VISIT, "visit", REGISTER, OWN_CAFE, CAFE, False, 60),
    _kind(TRANSFER, "transfer", REGISTER, ANY_CAFE, CHAIN, False, 90),
    _kind(ASSET, "asset", REGISTER, ANY_CAFE, CHAIN, False, 90),
    _kind(CASE, "case", REGISTER, HUB_ONLY, CHAIN, False, 90),
    _kind(SALE, "sale", REGISTER, OWN_CAFE, CAFE, False, 60),
    _kind(ALIAS, "alias", REGISTER, HUB_ONLY, CHAIN, False, 30),
    _kind(USUAL_CAFE, "usual_cafe", REGISTER, HUB_ONLY, CHAIN, False, 30),
    _kind(SEAT, "seat", REGISTER, OWN_CAFE, CAFE, False, 60),
    _kind(SESSION, "session", REGISTER, OWN_CAFE, CAFE, False, 60),
    _kind(IDENTITY_CHECK, "identity_check", REGISTER, OWN_CAFE, CAFE, True, 90),
    _kind(SHIFT, "shift", REGISTER, OWN_CAFE, CAFE, False, 120),
    _kind(TOP_UP, "top_up", REGISTER, OWN_CAFE, CAFE, False, 120),
    _kind(PASS, "pass", REGISTER, ANY_CAFE, CHAIN, False, 90),
    _kind(PAPER_SLIP, "paper_slip", REGISTER, OWN_CAFE, CAFE, False, 120),
    _kind(AUDIT_MARK, "audit_mark", REGISTER, OWN_CAFE, CAFE, False, 120),
    _kind(DOOR_COUNT, "door_count", REGISTER, OWN_CAFE, CAFE, False, 30),
    _kind(CARD_CLAIM, "card_claim", CLAIM, ANY_CAFE, CHAIN, False, 30),
    _kind(PHONE_CLAIM, "phone_claim", CLAIM, ANY_CAFE, CHAIN, True, 30),
    _kind(IDENTITY_CLAIM, "identity_claim", CLAIM, ANY_CAFE, CHAIN, True, 30),
    _kind(ASSET_CLAIM, "asset_claim", CLAIM, ANY_CAFE, CHAIN, False, 30),
    _kind(VOUCHER_CLAIM, "voucher_claim", CLAIM, ANY_CAFE, CHAIN, False, 30),
    _kind(OPENING_CLAIM, "opening_claim", CLAIM, ANY_CAFE, CHAIN, False, 30),
    _kind(TRANSACTION, "transaction", LEDGER, ANY_CAFE, CHAIN, False, 30),
    _kind(CAFE_TRANSACTION, "cafe_transaction", LEDGER, ANY_CAFE, CAFE, False, 60),
    _kind(SEGMENT, "segment", SYSTEM, ANY_CAFE, CAFE, False, 30),
    _kind(ERASE, "erase", SYSTEM, HUB_ONLY, CHAIN, False, KEEP_ALWAYS),
    _kind(EPOCH_CLOSE, "epoch_close", SYSTEM, HUB_ONLY, CHAIN, False, KEEP_ALWAYS),
    _kind(LATE_VERDICT, "late_verdict", SYSTEM, HUB_ONLY, CHAIN, False, 30),
    _kind(BRANCH, "branch", SYSTEM, HUB_ONLY, CHAIN, False, KEEP_ALWAYS),
)


def _by_code() -> "dict[int, Kind]":
    table = {}
    for kind in _ROWS:
        table[kind.code] = kind
    return table


KINDS = _by_code()
"""Kind code -> `Kind`."""


def field_index(kind: int, name: str) -> int:
    """Return the index of a register's field; KeyError if the kind has no such field."""
    return KINDS[kind].indexes[name]
