"""What we answer: the BentoML service, its request and reply contracts, access, CRM screen and widget.

Reading order: `replies` and `requests` (the contracts), `access` (who may ask), `answers` (how an answer is
put together), `service` (the endpoints).
"""
