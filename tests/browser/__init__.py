"""The CRM screen and the widget, in a real Chromium against a real server."""
