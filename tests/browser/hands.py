"""A cashier's hands: the same step by keyboard alone or by touch alone, whatever the language.

A keyboard walks with Tab as far as it must, and fails where a control cannot be reached. A finger
taps what is visible; what a soft keyboard types arrives as keys.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from playwright.async_api import Locator, Page, Route, expect

STEPS_MAX = 120
"""Tabs to any control of one work, from wherever one is."""
IS_FOCUSED = "element => element === document.activeElement"
SETTLED = "() => !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')"
SCANNED_KEY_S = 0.003
HELD_DEADLINE_S = 60


class Hands(ABC):
    """What a cashier does with a page; fields and actions by their names in it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def form(self, command: str) -> Locator:
        """The first form of the work in hand that sends a command."""
        return self.page.locator(f'form[action="/desk/{command}"]:visible').first

    async def fill(self, form: Locator, name: str, text: str) -> None:
        """Write into a field, over what stands in it."""
        field = form.locator(f'[name="{name}"]').first
        await self.reach(field)
        await self.page.keyboard.press("Control+a")
        await self.page.keyboard.type(text)

    @abstractmethod
    async def reach(self, control: Locator) -> None:
        """Put the cursor on a control."""

    @abstractmethod
    async def press(self, control: Locator) -> None:
        """Press a button or a link."""

    @abstractmethod
    async def choose(self, form: Locator, name: str, value: object) -> None:
        """Choose one of some radio buttons."""

    @abstractmethod
    async def pick(self, form: Locator, name: str, value: object) -> None:
        """Choose an entry of a list."""

    @abstractmethod
    async def open(self, path: str) -> None:
        """Go to a work by its action, `/show/top-up`."""

    @abstractmethod
    async def send(self, form: Locator) -> None:
        """Send the form in hand."""

    @abstractmethod
    async def command(self, name: str) -> None:
        """Do an action without inputs."""


class Keyboard(Hands):
    """Keys alone."""

    async def reach(self, control: Locator) -> None:
        await expect(control).to_be_visible()
        for _ in range(STEPS_MAX):
            if await control.evaluate(IS_FOCUSED):
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"no Tab leads to {control}")

    async def press(self, control: Locator) -> None:
        await self.reach(control)
        is_box = await control.evaluate("element => element.type === 'checkbox'")
        await self.page.keyboard.press("Space" if is_box else "Enter")

    async def choose(self, form: Locator, name: str, value: object) -> None:
        group = form.locator(f'[name="{name}"]')
        wanted = form.locator(f'[name="{name}"][value="{value}"]')
        checked = form.locator(f'[name="{name}"]:checked')
        await self.reach(checked if await checked.count() else group.first)
        if not await checked.count():
            await self.page.keyboard.press("Space")
        for _ in range(await group.count()):
            if await wanted.is_checked():
                return
            await self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"no arrow leads to {name} {value}")

    async def pick(self, form: Locator, name: str, value: object) -> None:
        field = form.locator(f'select[name="{name}"]')
        await self.reach(field)
        await self.page.keyboard.press("Home")
        for _ in range(await field.locator("option").count()):
            if await field.input_value() == str(value):
                return
            await self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"no arrow leads to {name} {value}")

    async def open(self, path: str) -> None:
        await self._act(self.page.locator(f'#right [hx-get="{path}"]').first)

    async def send(self, form: Locator) -> None:
        assert await form.evaluate("form => form.contains(document.activeElement)")
        await self.page.keyboard.press("Enter")

    async def command(self, name: str) -> None:
        button = self.page.locator(f'#right form[action="/desk/{name}"] button').first
        await self._act(button)

    async def _act(self, control: Locator) -> None:
        """By its key, else by the palette."""
        key = await control.get_attribute("data-key")
        if key:
            await self.page.keyboard.press(key)
            return
        words = await control.get_attribute("data-command")
        await self.page.keyboard.press("Control+k")
        await expect(self.page.locator("#palette input")).to_be_focused()
        await self.page.keyboard.type(words or "")
        await self.page.keyboard.press("Enter")


class Fingers(Hands):
    """Touch alone."""

    async def reach(self, control: Locator) -> None:
        await control.tap()

    async def press(self, control: Locator) -> None:
        await control.tap()

    async def choose(self, form: Locator, name: str, value: object) -> None:
        await form.locator(f'label:has([name="{name}"][value="{value}"])').tap()

    async def pick(self, form: Locator, name: str, value: object) -> None:
        await form.locator(f'select[name="{name}"]').select_option(str(value))

    async def open(self, path: str) -> None:
        await self._act(f'[hx-get="{path}"]')

    async def send(self, form: Locator) -> None:
        await form.locator('button[type="submit"]:visible').last.tap()

    async def command(self, name: str) -> None:
        await self._act(f'form[action="/desk/{name}"] button')

    async def _act(self, control: str) -> None:
        """On its button of the right column, else on the page of all that can be done."""
        button = self.page.locator(f"#right {control}").first
        if not await button.is_visible():
            await self.page.locator('#right [hx-get="/show/more"]').first.tap()
            button = self.page.locator(f".topics {control}").first
        await button.tap()


async def settled(page: Page) -> None:
    """Return once what was asked for is shown."""
    await page.wait_for_function(SETTLED)


async def scan(page: Page, code: str) -> None:
    """Type a line as a scanner does that poses as a keyboard, ended by Enter."""
    keys = [*code, "Enter"]
    await type_at(page, keys, time.time() - len(keys) * SCANNED_KEY_S)


async def type_at(page: Page, keys: list[str], first_s: float) -> None:
    """Type keys quickly, the first one at a time (seconds since the epoch).

    They carry the times at which they were typed, however busy the machine is.
    """
    session = await page.context.new_cdp_session(page)
    typed = []
    for number, key in enumerate(keys):
        event = {"key": key, "timestamp": first_s + number * SCANNED_KEY_S}
        text = "\r" if key == "Enter" else key
        typed.append({**event, "type": "keyDown", "text": text})
        typed.append({**event, "type": "keyUp"})
    await asyncio.gather(*(session.send("Input.dispatchKeyEvent", event) for event in typed))
    await session.detach()


@dataclass
class Held:
    """An answer of the box that is on its way for as long as a test wants."""

    url: str = ""
    _given: asyncio.Event = field(default_factory=asyncio.Event)
    may_come: asyncio.Event = field(default_factory=asyncio.Event)

    async def given(self) -> None:
        """Wait until the box has answered."""
        async with asyncio.timeout(HELD_DEADLINE_S):
            await self._given.wait()

    async def hold(self, route: Route) -> None:
        """Ask the box, and keep what it answers."""
        self.url = route.request.url
        response = await route.fetch()
        self._given.set()
        await self.may_come.wait()
        await route.fulfill(response=response)


async def held(page: Page, url: str) -> Held:
    """Hold the answer to the next request for an address."""
    answer = Held()
    await page.route(url, answer.hold, times=1)
    return answer
