"""One server-sent event as text (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""


def last_event_id(text: str) -> str:
    """What every event from here on bears as its id."""
    return f"id: {text}\n\n"


def event(name: str, html: str) -> str:
    """An event whose data is some HTML, without its empty lines."""
    lines = "".join(f"data: {line}\n" for line in html.splitlines() if line.strip())
    return f"event: {name}\n{lines or 'data:' + chr(10)}\n"
