"""The booking widget: one script (made of `source/`) for the operator's site, and a demo page that embeds it."""
