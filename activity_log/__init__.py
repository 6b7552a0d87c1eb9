"""What happened: event contracts, the append-only CustomerActivityLog, and everything read straight from it.

Reading order: `contracts` (what an event is), `gate` (may it enter), `ledger` (where it stays),
`projections` (read models folded from it), `facts` (flat, pseudonymous rows for the feature expressions).
"""
