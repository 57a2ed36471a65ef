"""What axe-core finds on a page: WCAG 2.2 A and AA."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from playwright.sync_api import Page

AXE: Final = Path(__file__).parents[1] / "independent" / "node_modules" / "axe-core" / "axe.min.js"
"""To be put into a context as a script of its beginning."""
_ASK: Final = """async () => {
  const found = await axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], resultTypes: ["violations"],
  });
  return found.violations.map((one) => ({
    id: one.id, impact: one.impact, help: one.help, where: one.nodes.slice(0, 5).map((node) => node.html.slice(0, 200)),
  }));
}"""


def broken_rules(page: Page) -> str:
    """A line for each rule that is broken, with where; empty where none is."""
    found = page.evaluate(_ASK)
    return "\n".join(f"{one['impact']} {one['id']}: {one['help']} {one['where']}" for one in found)
