"""The program of the door node on a Pico W or an ESP32: settings, pins, the way to the box.

Beside it lie the other files of this folder, edge/door_frames.py as door_frames.py, and
settings.json:

    {"key": "64 hexadecimal digits, as in the box's configuration",
     "box": "http://192.168.1.10:8602/", "wifi": ["name", "password"],
     "outer_pin": 14, "inner_pin": 15}

Without Wi-Fi, in place of "box" and "wifi": "uart": [0, 115200]. With one beam, in place of
"inner_pin": "direction": "in".
"""

import asyncio
import json
import os
from binascii import unhexlify

import machine
from beams import OneBeam, TwoBeams
from crossings import Crossings
from door_node import DoorNode, HttpLink, SerialLink

DEBOUNCE_MS = 20
"""A person at a run breaks a beam for 100 ms; a contact bounces for less than 10."""
WATCHDOG_MS = 8000
WIFI_LOOK_S = 10


async def feed(watchdog):
    """As long as the loop turns, the machine need not start anew."""
    while True:
        watchdog.feed()
        await asyncio.sleep(WATCHDOG_MS / 4000)


async def keep_wifi(name, password):
    """Join the network, and again whenever it is lost."""
    import network  # noqa: PLC0415 - a board without Wi-Fi has none

    wifi = network.WLAN(network.STA_IF)
    wifi.active(True)
    while True:
        if not wifi.isconnected():
            try:
                wifi.connect(name, password)
            except OSError:
                pass  # it is still trying
        await asyncio.sleep(WIFI_LOOK_S)


def beam_of(settings):
    def pin(name):
        return machine.Pin(settings[name], machine.Pin.IN, machine.Pin.PULL_UP)

    if "inner_pin" in settings:
        return TwoBeams(pin("outer_pin"), pin("inner_pin"), DEBOUNCE_MS)
    return OneBeam(pin("outer_pin"), settings.get("direction", "unknown"), DEBOUNCE_MS)


def link_of(settings):
    if "uart" in settings:
        uart = machine.UART(*settings["uart"])
        return SerialLink(asyncio.StreamReader(uart), asyncio.StreamWriter(uart, {}))
    return HttpLink(settings["box"])


async def main():
    with open("settings.json") as file:
        settings = json.load(file)
    led = machine.Pin("LED", machine.Pin.OUT)
    node = DoorNode(
        Crossings(".", os.urandom),
        beam_of(settings),
        link_of(settings),
        unhexlify(settings["key"]),
        led.toggle,
    )
    tasks = [asyncio.create_task(feed(machine.WDT(timeout=WATCHDOG_MS)))]
    if "wifi" in settings:
        tasks.append(asyncio.create_task(keep_wifi(*settings["wifi"])))
    await node.run()


asyncio.run(main())
