"""The CRM screen: server-rendered pages for dispatchers, in German and English.

Reading order: `desk` (what the pages ask for), `routes` (which pages there are), `pages` (how they are rendered),
`session` (who is looking), `texts` (the words), `formats` (dates, numbers, money).
"""
