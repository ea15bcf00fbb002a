"""WCAG 2 A and AA as axe-core checks it: contrast, names, roles, order."""

from pathlib import Path

import pytest
from playwright.async_api import Page

AXE = Path(__file__).parent.parent.parent / "node_modules" / "axe-core" / "axe.min.js"
RUN = """
async () => {
  const result = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa"] });
  return result.violations.flatMap((fault) =>
    fault.nodes.map((node) => `${fault.id}: ${node.html.slice(0, 160)} ${node.failureSummary}`));
}
"""


def axe_source() -> str:
    """The checker; a test without it fails with the remedy."""
    if not AXE.exists():
        pytest.fail(f"{AXE.name} is missing. Run: npm ci --ignore-scripts")
    return AXE.read_text(encoding="utf-8")


async def violations(page: Page, source: str) -> list[str]:
    """What the page does wrong, one line each."""
    await page.evaluate(source)
    found: list[str] = await page.evaluate(RUN)
    return found


CUT_OFF = """
() => {
  const text = (element) => [...element.childNodes].some(
    (node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const shown = (element) => element.offsetParent && element.clientWidth > 1
    && !element.closest(".unseen, .scroll, dialog:not([open])");
  const wide = [...document.querySelectorAll("body *")]
    .filter((element) => (text(element) || element.matches("button, .button")) && shown(element))
    .filter((element) => getComputedStyle(element).display !== "inline")
    .filter((element) => element.scrollWidth > element.clientWidth + 1)
    .map((element) => element.outerHTML.slice(0, 160));
  const root = document.documentElement;
  return root.scrollWidth > root.clientWidth ? ["the page", ...wide] : wide;
}
"""


async def cut_off(page: Page) -> list[str]:
    """Elements whose text is wider than they are, and the page if it scrolls sideways."""
    found: list[str] = await page.evaluate(CUT_OFF)
    return found
