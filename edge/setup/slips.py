"""The two slips of the first boot: one tries the printer, one brings the setup PIN to a person."""

from edge.domain.business_day import local_time
from edge.receipt import Align, Feed, Line, Pair, QrCode, Receipt, Rule, Text


def trial_slip(box: str, address: str, wall_ms: int, utc_offset_min: int) -> Receipt:
    """Both languages, an amount, a QR code with the page's address: what slips are made of."""
    moment = local_time(wall_ms, utc_offset_min)
    lines: list[Line] = [
        Text("cafebox", Align.CENTRE, bold=True, big=True),
        Text("打印测试 · Test slip", Align.CENTRE, bold=True),
        Rule(),
        Pair("盒子 Box", box),
        Pair("时间 Time", f"{moment:%Y-%m-%d %H:%M}"),
        Pair("金额 Amount", "¥1,234.50"),
        Rule(),
        Text("中文清楚吗？字迹完整吗？", Align.CENTRE),
        Text("Is every line whole and clear?", Align.CENTRE),
        QrCode(address),
        Feed(2),
    ]
    return Receipt(tuple(lines))


def pin_slip(pin: str, address: str) -> Receipt:
    """The setup PIN, for whoever stands at the printer."""
    lines: list[Line] = [
        Text("cafebox", Align.CENTRE, bold=True, big=True),
        Text("安装密码 · Setup PIN", Align.CENTRE),
        Text(pin, Align.CENTRE, bold=True, big=True),
        Text(address, Align.CENTRE),
        Feed(2),
    ]
    return Receipt(tuple(lines))
