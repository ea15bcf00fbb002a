"""What `cafebox example-config` prints: every key with its default and its meaning.

A test holds it against the sections of `edge.configuration` and the options of every driver.
"""

SETTINGS_EXAMPLE = """\
# cafebox box. Every key but those of [[devices]] is optional; what stands here is the default.

[box]
data_dir = "box-data"        # identity, keys and the store; relative to this file
listen_host = "127.0.0.1"    # the counter page; "0.0.0.0": of every network, "::": IPv6 too
listen_port = 8601           # TCP port of the counter page
language = "zh"              # of receipts: "zh" or "en"
utc_offset_min = 480         # the cafe's clock: minutes east of UTC
business_day_hour = 6        # a business day begins at this hour (0 to 12)

[hub]
url = "http://127.0.0.1:8600"   # the hub's HTTP address
broker_url = ""              # mqtt://host:1883, mqtts: with TLS; "": what the hub said
protocol = "3.1.1"           # of the broker: "3.1.1" or "5"
ca_file = ""                 # whose certificates https: and mqtts: are believed by (PEM); "": the
                             # system's authorities

[counter]
same_tap_ms = 3000           # a second tap of one card within this time is the same tap
release_after_min = 360      # so long after a member's last tap their rights go back to the hub
tailgating_s = 0             # so long after a tap one person may come in for it, else the page says
                             # so; only with door counters that tell the way; 0: not watched

[second_copy]
folder = ""                  # on a USB stick or a mounted share: what the hub has not, sealed
other_disk = true            # not on data_dir's own disk: a pulled stick leaves an empty folder

[log]
level = "info"               # "debug", "info", "warning" or "error"; one JSON object per line

[stacks]
pcsc = "system"              # the machine's pcscd, or "fake:<socket path>"
gpio = "system"              # the module RPi.GPIO, or "fake:<socket path>"
"""

PRINTER_AS_ABOVE = """\
paper_mm = 80                # as above
encoding = "gb18030"         # as above
chinese = "font"             # as above
logo = ""                    # as above
cut = "full"                 # as above
confirm = "printed"          # as above
drawer_pin = 2               # as above
drawer_sense = "none"        # as above
slips = []                   # as above
stands_in_for = []           # as above
answer_ms = 500              # as above
stall_ms = 5000              # as above
job_ms = 30000               # as above
status_every_ms = 3000       # as above
"""
"""What every printer is told, whatever its line."""

DEVICES_EXAMPLE = f"""
# One table for each device; `cafebox devices` writes those of what is attached. None of them is
# needed: a counter without a printer sells all the same.

[[devices]]
kind = "card_reader"         # what it is
driver = "pcsc"              # how it is spoken to
name = "counter"             # how pages, logs and events call it; unique
port = "*"                   # the reader's name as `cafebox devices` shows it; * is anything
known_by = "uid"             # "chip" for contact cards: the chip's serial number
number_block = -1            # the block of a MIFARE Classic with the card's number; -1: the UID
key_file = ""                # 12 hexadecimal digits: the key of that block's sector
key_type = "a"               # "a" or "b"
number_at = 0                # the number's first byte in the block
number_bytes = 4             # 4 to 10

[[devices]]
kind = "card_reader"         # 125 kHz tags by a serial line: RDM6300 and its like
driver = "rdm6300"           # frames with a checksum
name = "seat cards"          # unique
port = "/dev/serial/by-id/usb-rdm6300"   # no default
baud = 9600                  # as the reader sends
uid_bytes = 5                # 4: as readers that type ten digits give the number
gone_ms = 500                # a tag that is silent for so long was taken away

[[devices]]
kind = "card_reader"         # a door reader with the two wires of Wiegand, 26 or 34 bits
driver = "wiegand"           # D0 and D1 on pins, through a level shifter
name = "door reader"         # unique
pin_d0 = 5                   # pins by Broadcom's numbers; no default
pin_d1 = 6                   # no default
pull = "up"                  # "up" or "off"
gone_ms = 500                # as above

[[devices]]
kind = "card_reader"         # a reader that types a card's number: 125 kHz, IC, magnetic stripe
driver = "keyboard"          # grabbed: what it types reaches no field
name = "desk cards"          # unique
port = "SYC ID&IC USB Reader"   # the input device's name, with * and ?, or its path; no default
number = "decimal"           # what it types: "decimal", "hex", "wiegand" or "magnetic"

[[devices]]
kind = "barcode_scanner"     # a scanner that types a code
driver = "keyboard"          # grabbed: what it types reaches no field
name = "scanner"             # unique
port = "/dev/input/by-id/usb-scanner-event-kbd"   # as above; no default

[[devices]]
kind = "receipt_printer"     # ESC/POS on a serial line
driver = "serial"            # also a USB printer's serial port
name = "receipts"            # several printers share the slips, see `slips`
port = "/dev/serial/by-id/usb-printer"   # no default
baud = 9600                  # as the printer's self-test page says
flow = "none"                # "none", "rts_cts", "dsr_dtr" or "xon_xoff"
paper_mm = 80                # 58 or 80
encoding = "gb18030"         # or "gbk"
chinese = "font"             # "raster" for a printer without Chinese: rows are drawn
logo = ""                    # a PNG above every slip, at most 384 dots wide on 58 mm, 576 on 80
cut = "full"                 # "full", "partial" or "none"
confirm = "printed"          # "accepted" for a printer that cannot tell when it has printed
drawer_pin = 2               # of the drawer's plug: 2 or 5
drawer_sense = "none"        # its switch while it is open: "low" or "high"; "none" without one
slips = []                   # of "welcome", "receipt", "shift", "stock", "report"; [] what is left
stands_in_for = []           # of the same: what it prints while their own printer cannot
answer_ms = 500              # how long the printer may take to answer for its state
stall_ms = 5000              # after so long without taking a byte it is stalled
job_ms = 30000               # the longest that one receipt may take
status_every_ms = 3000       # how often it is asked while it has nothing to do

[[devices]]
kind = "receipt_printer"     # ESC/POS on USB
driver = "usb"               # through the kernel's usblp
name = "usb receipts"        # unique
port = "/dev/usb/lp0"        # or the name that a udev rule gives it; no default
{PRINTER_AS_ABOVE}
[[devices]]
kind = "receipt_printer"     # ESC/POS in the network: in the office, at the door
driver = "network"           # TCP; it serves this box alone
name = "office"              # unique
host = "192.168.1.50"        # a fixed address, as its test page says it; no default
port = 9100                  # TCP port
{PRINTER_AS_ABOVE}
[[devices]]
kind = "customer_display"    # two lines of 20 columns that face the customer
driver = "serial"            # also a USB display's serial port
name = "customer"            # unique
port = "/dev/serial/by-id/usb-display"   # no default
baud = 9600                  # as its switches say
commands = "cd5220"          # or "escpos"
encoding = "gb18030"         # or "gbk"
stall_ms = 1000              # after so long without taking a byte it is stalled
look_every_ms = 2000         # how often its cable is looked for

[[devices]]
kind = "feedback"            # a light and a buzzer at the reader: accepted, or refused
driver = "gpio"              # on pins of the Pi
name = "lamp"                # unique
reader = ""                  # the name of the card reader that it stands at; "": all of them
pin_accepted = -1            # the green light; pins by Broadcom's numbers, -1: none
pin_refused = -1             # the red light
pin_buzzer = -1              # a buzzer that sounds while its pin is on
active_low = false           # true where 0 V means on
light_ms = 1000              # how long a light is on
beep_ms = 80                 # one beep: accepted; three: refused

[[devices]]
kind = "feedback"            # the same by the buzzer and LED of the reader itself
driver = "pcsc"              # an ACR122U; its own beep at each card is switched off
name = "reader's lamp"       # unique
reader = ""                  # as above
port = "*ACR122*"            # the reader's name, with * and ?

[[devices]]
kind = "door_relay"          # opens the entry door
driver = "gpio"              # a pin of the Pi
name = "door"                # several doors open together
pin = 17                     # Broadcom number, no default
hold_ms = 3000               # how long the door stays open
active_low = false           # true for a relay board that draws at 0 V
exit_pin = -1                # of a button that lets people out, without the desk; -1: none
exit_active_low = true       # 0 V means: pressed

[[devices]]
kind = "door_counter"        # counts who goes through
driver = "gpio"              # a light beam or a contact on a pin
name = "entrance"            # which door it is
pin = 27                     # Broadcom number, no default
direction = "in"             # "in", "out" or "unknown"
active_low = true            # 0 V means: somebody stands in it
pull = "up"                  # "up", "down" or "off"
debounce_ms = 30             # shorter changes are bounces

[[devices]]
kind = "door_counter"        # two light beams, one behind the other
driver = "dual_beam"         # which breaks first tells the way
name = "main door"           # which door it is
pin_outer = 20               # pins by Broadcom's numbers; no default
pin_inner = 21               # no default
active_low = true            # 0 V means: somebody stands in it
pull = "up"                  # "up", "down" or "off"
debounce_ms = 8              # shorter changes are bounces

[[devices]]
kind = "door_counter"        # a door node that reports over Wi-Fi
driver = "http"              # what it sends is proven by the key
name = "side door"           # which door it is
key_file = "/etc/cafebox/door.key"   # 64 hexadecimal digits, the same as the node's; no default
listen_host = "0.0.0.0"      # the box's address in the network of its devices
listen_port = 8602           # nothing but the node's reports is served there

[[devices]]
kind = "door_counter"        # a door node at the end of a cable
driver = "serial"            # a line each way
name = "back door"           # which door it is
key_file = "/etc/cafebox/back-door.key"   # as above; no default
port = "/dev/serial/by-id/usb-door-node"  # no default
baud = 115200                # as in the node's settings.json

[[devices]]
kind = "power_input"         # what a UPS or a mains sensor says of the mains
driver = "gpio"              # while it fails the box saves everything and takes nothing new
name = "mains"               # unique
pin = 22                     # Broadcom number, no default
active_low = true            # 0 V means: the mains has failed
pull = "up"                  # "up", "down" or "off"
debounce_ms = 50             # shorter failures are none
back_ms = 2000               # for so long it must be steady before it counts as back
"""

EXAMPLE = SETTINGS_EXAMPLE + DEVICES_EXAMPLE
