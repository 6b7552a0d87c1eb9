"""The whole chain on a small simulated operator: what was planted comes back out."""


def test_chain(trained):
    assert trained.receipt.accepted
