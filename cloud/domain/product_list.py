"""Products of an old system: what a row of their list means, and all that is wrong with it.

A row is known by its code: a list may be imported again, and what stands already is left alone.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cloud.domain.refusals import Refusal
from cloud.domain.rule_cells import cell_value
from sync_protocol.rules import FEN, Column

SKU_LENGTH_MAX = 32
NAME_LENGTH_MAX = 60
PRICE_FEN_MAX = 10_000_000
"""A hundred thousand yuan: more is a slipped column."""

ALIASES: Mapping[str, str] = {
    **dict.fromkeys(("sku", "code", "编号", "商品编号", "货号"), "sku"),
    **dict.fromkeys(("name", "名称", "商品名称", "品名"), "name"),
    **dict.fromkeys(("name_en", "英文名", "英文名称"), "name_en"),
    **dict.fromkeys(("category", "分类", "类别"), "category"),
    **dict.fromkeys(("barcode", "条码", "条形码"), "barcode"),
    **dict.fromkeys(("price", "售价", "价格", "零售价", "单价"), "price"),
    **dict.fromkeys(("member_price", "会员价"), "member_price"),
    **dict.fromkeys(("counted", "计库存", "管理库存"), "counted"),
    **dict.fromkeys(("unit", "单位"), "unit"),
    **dict.fromkeys(("brand", "品牌"), "brand"),
    **dict.fromkeys(("low_stock", "最低库存", "库存下限"), "low_stock"),
}
"""Heading of a column -> the column."""
REQUIRED = ("sku", "name", "price")
YES = ("1", "yes", "y", "true", "是", "")
NO = ("0", "no", "n", "false", "否")

_FEN = Column("price", FEN, 0, PRICE_FEN_MAX, 0, ())


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong: the row of the file, the column ("": the whole list), and what to do."""

    row: int
    column: str
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class NewProduct:
    """A product of the list: its code and the fields of PRODUCT."""

    row: int
    sku: str
    values: Mapping[str, object]


def read_products(
    columns: Iterable[str], rows: Iterable[tuple[int, Mapping[str, str]]]
) -> tuple[list[NewProduct], list[Problem]]:
    """Return the products of a list and every problem in it."""
    missing = [name for name in REQUIRED if name not in tuple(columns)]
    if missing:
        names = ", ".join(missing)
        words = (f"缺少列：{names}", f"Columns are missing: {names}")
        return [], [Problem(1, "", Refusal("list_columns", *words))]
    products: list[NewProduct] = []
    problems: list[Problem] = []
    seen: dict[tuple[str, str], int] = {}
    for row, cells in rows:
        values, found = _product(row, cells)
        for column in ("sku", "barcode"):
            value = cells.get(column, "")
            first = seen.setdefault((column, value), row) if value else row
            if first != row:
                words = (
                    f"与第 {first} 行重复，请只留一行",
                    f"The same as in row {first}; keep one",
                )
                found.append(Problem(row, column, Refusal("list_repeated", *words)))
        problems += found
        if not found:
            products.append(NewProduct(row, cells["sku"], values))
    return products, problems


def _product(row: int, cells: Mapping[str, str]) -> tuple[dict[str, object], list[Problem]]:
    problems = []
    values: dict[str, object] = {"on_sale": True}
    for column, limit in (("sku", SKU_LENGTH_MAX), ("name", NAME_LENGTH_MAX)):
        text = cells.get(column, "")
        if not 1 <= len(text) <= limit or not text.isprintable():
            words = (f"不能为空，最多 {limit} 个字", f"Missing, or longer than {limit} characters")
            problems.append(Problem(row, column, Refusal("list_text", *words)))
    for column in ("name", "name_en", "category", "barcode", "unit", "brand"):
        values[column] = cells.get(column, "")
    for column in ("price", "member_price"):
        value = cell_value(_FEN, _without_thousands(cells.get(column, "").removeprefix("¥")))
        missing = column == "price" and not cells.get(column)
        if isinstance(value, Refusal) or int(value) > PRICE_FEN_MAX or missing:
            words = (
                "请输入元，最多两位小数，如 4.50",
                "Yuan with at most two decimals, such as 4.50",
            )
            problems.append(Problem(row, column, Refusal("list_price", *words)))
        else:
            values[f"{column}_fen"] = int(value)
    low = cells.get("low_stock", "") or "0"
    if not (low.isascii() and low.isdecimal() and len(low) <= len("999999")):
        words = ("请输入件数，如 10", "A number of pieces such as 10")
        problems.append(Problem(row, "low_stock", Refusal("list_count", *words)))
    else:
        values["low_stock"] = int(low)
    counted = cells.get("counted", "").lower()
    if counted not in (*YES, *NO):
        words = ("请填“是”或“否”", "Write yes or no")
        problems.append(Problem(row, "counted", Refusal("list_flag", *words)))
    values["counted"] = counted in YES
    return values, problems


def _without_thousands(text: str) -> str:
    """A price without the commas that set its thousands apart; with any other it is none."""
    grouped = re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d*)?", text, re.ASCII)
    return text.replace(",", "") if grouped else text
