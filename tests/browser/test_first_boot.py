"""The first boot without a shell, from the code of head office to the first tap at the counter.

A hub and a box as processes of their own; the box's card reader hangs on a real pcscd, its printer
on a pseudo-terminal. Every step is walked by keyboard alone and by touch alone.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from edge.configuration import load
from edge.drivers.fake.cafe import VirtualCafe
from edge.drivers.fake.virtual_pcscd import VirtualPcscd
from tests.browser.accessibility import axe_source, cut_off, violations
from tests.browser.conftest import COUNTER_SCREEN, Shot
from tests.browser.hands import Fingers, Hands, Keyboard
from tests.faults.services import ForkedStack
from tests.ports import free_port
from tests.stack import EMBEDDED, PIN, Service, Stack, command, eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

CARD = bytes.fromhex("04A1B2C3D4E5F6")
NUMBER = CARD.hex().upper()
DEADLINE_MS = 60_000
WAIT_S = 60.0
SCREENS = {
    "counter": COUNTER_SCREEN,
    "small": {"width": 1024, "height": 600},
    "phone": {"width": 390, "height": 844},
}
PROVISIONED = """\
# The box. Every key: cafebox example-config
[box]
data_dir = "box-data"
listen_port = {port}

[hub]
url = "{hub}"   # as provisioned
"""


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def head_office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with ForkedStack(tmp_path_factory.mktemp("hub"), EMBEDDED) as stack:
        yield stack


@dataclass
class BareBox:
    """A box as provisioning leaves it, running, with devices plugged in."""

    service: Service
    cafe: VirtualCafe
    path: Path
    port: int
    code: str

    @property
    def printer_port(self) -> str:
        return str(self.path.parent / "cafe" / "printer")

    async def setup_page(self) -> tuple[str, str]:
        """The address and the PIN that stand on the box's screen."""
        found: list[str] = []

        def told() -> bool:
            said = self.service.log_path.read_text(errors="replace")
            found[:] = re.findall(r"^set-up page: (\S+)  PIN (\d+)$", said, re.MULTILINE)[-1:]
            return bool(found)

        await eventually(told, "the set-up page", WAIT_S)
        address, pin = found[0]
        return address, pin


@pytest_asyncio.fixture(loop_scope="session")
async def bare_box(head_office: Stack, tmp_path: Path) -> AsyncIterator[BareBox]:
    name = tmp_path.name[-1]
    made = await head_office.operate("add-cafe", "--code", name, "--name", f"{name}号店")
    code = await head_office.operate("enrol-code", "--cafe", str(made["cafe"]), "--name", "counter")
    path, port = tmp_path / "cafebox.toml", free_port()
    path.write_text(PROVISIONED.format(port=port, hub=head_office.hub_url))
    service = Service("box", command("cafebox", "--config", str(path), "run"), tmp_path)
    async with VirtualPcscd(tmp_path / "pcscd") as pcscd:
        cafe = VirtualCafe(tmp_path / "cafe", pcscd.reader_names[0], pcscd.slots[0])
        service.start(pcscd.environment)
        yield BareBox(service, cafe, path, port, str(code["code"]))
        await asyncio.to_thread(service.stop)
        cafe.close()


@dataclass
class Walk:
    """A technician's way through the pages; each is looked at in every size."""

    page: Page
    hands: Hands
    box: BareBox
    shot: Shot
    axe: str
    language: str
    screen: str

    @property
    def form(self) -> Callable[[str], Locator]:
        return lambda step: self.page.locator(f'form[action="/setup/{step}"]')

    async def look(self, name: str) -> None:
        """Keep pictures; nothing is cut off, and the page is for everybody."""
        by_keys = isinstance(self.hands, Keyboard)
        if by_keys:  # once is enough: the roles are the same by touch
            assert await violations(self.page, self.axe) == []
        for screen, size in SCREENS.items():
            await self.page.set_viewport_size(size)
            if by_keys or screen == self.screen:
                await self.shot(self.page, f"{name}-{screen}")
            assert await cut_off(self.page) == [], (name, screen)
        await self.page.set_viewport_size(SCREENS[self.screen])

    async def arrive(self, step: str) -> None:
        await self.page.wait_for_url(f"**/setup/{step}")
        await self.page.wait_for_load_state("load")

    async def go_on(self, step: str) -> None:
        """Press the step's own button."""
        await self.hands.press(self.form(step).locator("button.primary:not([tabindex])"))


@pytest.mark.parametrize(
    ("hands_type", "language", "screen"),
    [(Keyboard, "zh", "counter"), (Fingers, "en", "phone")],
    ids=["keyboard", "touch"],
)
async def test_from_the_code_to_the_first_tap(
    browser: Browser,
    bare_box: BareBox,
    shot: Shot,
    hands_type: type[Hands],
    language: str,
    screen: str,
) -> None:
    address, pin = await bare_box.setup_page()
    process = bare_box.service.pid
    page = await browser.new_page(viewport=SCREENS[screen], has_touch=True)
    page.set_default_timeout(DEADLINE_MS)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    walk = Walk(page, hands_type(page), bare_box, shot, axe_source(), language, screen)
    try:
        await page.goto(address)
        await give_pin(walk, pin)
        await choose_language(walk)
        await enter_code(walk)
        await confirm_devices(walk)
        await print_slip(walk)
        await tap_card(walk)
        await reach_counter(walk)
        await change_devices(walk)
    finally:
        await page.close()
    assert faults == []
    assert bare_box.service.pid == process
    assert bare_box.service.is_running()
    written = load(bare_box.path)
    assert [device["kind"] for device in written.devices] == ["card_reader", "receipt_printer"]
    assert written.box.language == language
    assert "# as provisioned" in bare_box.path.read_text()


async def give_pin(walk: Walk, pin: str) -> None:
    await walk.arrive("pin")
    wrong = "000000" if pin != "000000" else "000001"
    await walk.hands.fill(walk.form("pin"), "pin", wrong)
    await walk.go_on("pin")
    await expect(walk.page.get_by_role("alert")).to_contain_text("setup_pin_wrong")
    await walk.look("1-pin")
    await walk.hands.fill(walk.form("pin"), "pin", pin)
    await walk.go_on("pin")


async def choose_language(walk: Walk) -> None:
    await walk.arrive("language")
    await walk.look("2-language")
    await walk.hands.choose(walk.form("language"), "language", walk.language)
    await walk.go_on("language")


async def enter_code(walk: Walk) -> None:
    await walk.arrive("code")
    form = walk.form("code")
    await expect(form.locator("#hub")).to_have_value(re.compile("^http://127"))
    await walk.hands.fill(form, "code", "0000-0000-0000")
    await walk.go_on("code")
    await expect(walk.page.get_by_role("alert")).to_contain_text("setup_code_unknown")
    await walk.look("3-code")
    await walk.hands.fill(form, "code", walk.box.code)
    await walk.go_on("code")


async def confirm_devices(walk: Walk) -> None:
    """The reader was found; the pseudo-terminal's printer is named by hand."""
    await walk.arrive("devices")
    form = walk.form("devices")
    await expect(form.locator('[value^="card_reader/pcsc@Virtual PCD"]')).to_be_checked()
    for sure in await form.locator('[name="use"]:checked:not([value^="card_reader/pcsc"])').all():
        await walk.hands.press(sure)  # what else this machine may have
    await walk.hands.press(form.locator("summary"))
    await walk.hands.fill(form, "port", walk.box.printer_port)
    await walk.look("4-devices")
    await walk.go_on("devices")


async def print_slip(walk: Walk) -> None:
    await walk.arrive("slip")
    await expect(walk.page.locator('[data-device="receipts"]')).to_have_attribute(
        "data-state", "ok"
    )
    await walk.go_on("slip")
    await expect(walk.page.locator(".notice.good")).to_be_visible()
    await walk.look("5-slip")
    [slip] = walk.box.cafe.printer.receipts
    assert "打印测试" in slip.text
    await walk.hands.press(walk.page.locator('a[href="/setup/card"]'))


async def tap_card(walk: Walk) -> None:
    await walk.arrive("card")
    reader = walk.page.locator('[data-device="counter"]')
    await expect(reader).to_have_attribute("data-state", "ok")
    await walk.look("6-card-awaited")
    await asyncio.to_thread(walk.box.cafe.tap, CARD)
    await expect(walk.page.locator("#card")).to_contain_text(NUMBER)
    await walk.look("6-card-tapped")
    await asyncio.to_thread(walk.box.cafe.lift)
    await walk.go_on("card")


async def reach_counter(walk: Walk) -> None:
    """The page goes to the counter by itself; somebody logs in, and the first card is tapped."""
    page = walk.page
    await page.wait_for_selector("main.login")
    # People arrive from head office a moment after the box does.
    while not await page.locator("#pin").count():
        await page.goto(page.url)
    await page.locator('input[name="staff"]').first.check()
    await page.fill("#pin", PIN)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#left")
    reader = page.locator('#truth [data-device="counter"]')
    await expect(reader).to_have_attribute("data-state", "ok")
    await asyncio.to_thread(walk.box.cafe.tap, CARD)
    # Of a chain's first card nobody is known yet: the counter offers to register who has it.
    await expect(page.get_by_role("alert").first).to_contain_text("card_unknown")
    await walk.shot(page, "7-first-tap")
    await page.goto(f"http://127.0.0.1:{walk.box.port}/setup/code")
    await expect(page.locator("#left")).to_be_attached()


async def change_devices(walk: Walk) -> None:
    """The manager leaves the devices as they are; the box starts anew, and its page comes back."""
    page = walk.page
    await page.goto(f"http://127.0.0.1:{walk.box.port}/setup/devices")
    await expect(page.locator('[name="keep"]:checked')).to_have_count(2)
    await walk.look("8-devices-later")
    for sure in await page.locator('[name="use"]:checked').all():
        await walk.hands.press(sure)
    await walk.go_on("devices")
    await page.wait_for_selector("[data-started-before], #left, main.login")
    await walk.shot(page, "9-anew")
    await page.wait_for_url(lambda url: "/setup/" not in url)
    await page.wait_for_selector("#left, main.login")
