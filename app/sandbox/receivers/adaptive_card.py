"""What an Adaptive Card may hold, as Teams reads it (schema 1.5), and what it says."""

from __future__ import annotations

from typing import Final

_VERSIONS: Final = frozenset({"1.0", "1.1", "1.2", "1.3", "1.4", "1.5"})
_NEEDS: Final[dict[str, tuple[str, type]]] = {
    "TextBlock": ("text", str),
    "RichTextBlock": ("inlines", list),
    "Container": ("items", list),
    "ColumnSet": ("columns", list),
    "Column": ("items", list),
    "FactSet": ("facts", list),
    "Image": ("url", str),
    "ActionSet": ("actions", list),
    "TextRun": ("text", str),
}
"""Element → the property it cannot be without, and its type."""
_INSIDE: Final = ("items", "columns", "inlines")
_STYLES: Final = frozenset({"default", "emphasis", "good", "attention", "warning", "accent"})


def card_problem(card: object) -> str | None:
    """What is wrong with it, or None."""
    if not isinstance(card, dict) or card.get("type") != "AdaptiveCard":
        return "Property 'type' must be 'AdaptiveCard'"
    if card.get("version") not in _VERSIONS:
        return f"Card version {card.get('version')} is not supported"
    body, actions = card.get("body", []), card.get("actions", [])
    if not isinstance(body, list) or not isinstance(actions, list):
        return "'body' and 'actions' must be arrays"
    problems = (*(_element_problem(one) for one in body), *(_action_problem(one) for one in actions))
    return next((problem for problem in problems if problem), None)


def texts(elements: object) -> list[str]:
    """The lines that a reader sees."""
    found: list[str] = []
    for element in elements if isinstance(elements, list) else []:
        if element["type"] == "RichTextBlock":
            found.append("".join(run if isinstance(run, str) else run["text"] for run in element["inlines"]))
        elif element["type"] == "FactSet":
            found += [f"{fact['title']}: {fact['value']}" for fact in element["facts"]]
        elif "text" in element:
            found.append(element["text"])
        else:
            found += [line for name in _INSIDE for line in texts(element.get(name))]
    return found


def _element_problem(element: object) -> str | None:
    if isinstance(element, str):
        return None  # Text runs may be written as plain text.
    if not isinstance(element, dict) or element.get("type") not in _NEEDS:
        kind = element.get("type") if isinstance(element, dict) else element
        return f"Unknown element type '{kind}'"
    name, kind = _NEEDS[element["type"]]
    if not isinstance(element.get(name), kind):
        return f"Required property '{name}' not found on '{element['type']}'"
    if element.get("style") is not None and element["type"] == "Container" and element["style"] not in _STYLES:
        return f"Error converting value '{element['style']}' to ContainerStyle"
    within = [one for inside in _INSIDE for one in element.get(inside, [])]
    return next((problem for one in within if (problem := _element_problem(one))), None)


def _action_problem(action: object) -> str | None:
    if not isinstance(action, dict) or action.get("type") != "Action.OpenUrl":
        return "Unknown action type"
    url = action.get("url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return "Required property 'url' must be an absolute address"
    return None
