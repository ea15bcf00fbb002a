"""The counter page: aiohttp, Jinja2, htmx and server-sent events."""
