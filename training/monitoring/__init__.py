"""How predictions came out.

`judging` holds them against what happened, `decay` says what is no accident, `drifting` looks at the scores before
anything has happened, `shown` at what became of suggestions, and `monitor` does it all.
"""
