"""The booking widget: one script (`widget.js`) for the operator's site, and a demo page that embeds it."""
