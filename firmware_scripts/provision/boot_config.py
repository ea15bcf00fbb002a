"""A Pi's config.txt: what its firmware tells Linux of the board (raspberrypi.com/documentation)."""

from marked_block import with_block, without_block

ALWAYS = (
    "dtparam=strict_gpiod",  # a pin goes back to rest when its process ends: no door stays open
)
CLOCKS = {
    "none": (),
    "ds3231": ("dtparam=i2c_arm=on", "dtoverlay=i2c-rtc,ds3231"),
    "built-in": (),
    # Charges the cell beside a Pi 5; never with one that is not made for it.
    "built-in-rechargeable": ("dtparam=rtc_bbat_vchg=3000000",),
}
"""Lines by hardware clock. `built-in` is that of a Pi 5 or a PC."""


def config_text(text: str, clock: str) -> str:
    """config.txt with our lines, for all boards whatever section came last."""
    return with_block(without_block(text), ["[all]", *ALWAYS, *CLOCKS[clock]])
