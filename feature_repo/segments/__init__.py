"""Segments: rules over features that say who belongs to a cohort, checked, put in words, and run as Ibis expressions.

A rule is text that people write and read; `language` says what may stand in it. Nothing here evaluates Python.
"""
