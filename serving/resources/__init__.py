"""What can be asked over HTTP, one file per kind of resource. An operation is told once: see `operation`.

To add one, put an `Operation` into the OPERATIONS of a file, the file's OPERATIONS into `all_operations`, and its
roles into `access.ALLOWED`: it is served, documented, and tried by the tests of the API document with that.
"""
