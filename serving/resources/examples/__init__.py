"""Requests and replies, true to life, for the API document: the people of Nordlicht Reisen. All are made up."""
