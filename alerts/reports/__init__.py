"""Reports: what was, for people who decide what to do about it.

Two builders (`incident`, `weekly`) make one kind of document (`document`); four renderers turn it into HTML, PDF,
Markdown and JSON. Builders know the store and no format, renderers know a format and no store.
"""
