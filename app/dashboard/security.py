"""What a browser may do on our pages."""

from __future__ import annotations

from dash import Dash


def content_security_policy(dash_app: Dash) -> str:
    """The `Content-Security-Policy` of every page: nothing from another host, and no inline script but Dash's own,
    named by hash. Call it after all callbacks are registered.

    Inline styles are allowed, because plotly.js writes its own style sheet into the page; scripts are what matters.
    """
    scripts = " ".join(["'self'", *dash_app.csp_hashes()])
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )
