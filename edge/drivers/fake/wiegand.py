"""The wires of a virtual Wiegand reader: pulses on two pins for the bits of a frame."""

from collections.abc import Callable, Sequence


def bits_of(number: int, data_bits: int) -> list[int]:
    """The frame of a number: 24 or 32 bits between an even and an odd parity bit."""
    bits = [number >> place & 1 for place in reversed(range(data_bits))]
    half = data_bits // 2
    return [sum(bits[:half]) % 2, *bits, 1 - sum(bits[half:]) % 2]


def send_bits(
    drive: Callable[[int, int], None], pin_d0: int, pin_d1: int, bits: Sequence[int]
) -> None:
    """Pulse the pins, which rest high, by `drive(pin, level)`."""
    for bit in bits:
        pin = pin_d1 if bit else pin_d0
        drive(pin, 0)
        drive(pin, 1)
