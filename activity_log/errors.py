"""The errors of the whole project, as one tree. Messages name the offending value and the remedy."""


class BusflowError(Exception):
    """Something the caller can mend; its text is one line for a person. Commands exit with 1."""


class WrongUseError(BusflowError):
    """An option, a file or a setting is wrong. Commands exit with 2."""


class UnknownOperatorError(WrongUseError):
    """No such operator is registered."""

    def __init__(self, operator_id: str):
        super().__init__(
            f"unknown operator '{operator_id}': register it with `busflow operator add {operator_id}`"
        )


class UnknownCustomerError(BusflowError):
    """No CustomerProfile exists for these ids."""

    def __init__(self, customer_ids: list[str]):
        self.customer_ids = customer_ids
        super().__init__(f"unknown customer: {', '.join(customer_ids)}")


class TooManyEventsError(BusflowError):
    """A request brings more events than one transaction should hold."""

    def __init__(self, events: int, most: int):
        super().__init__(f"{events} events in one request; send {most} at most")


class NotEnoughDataError(BusflowError):
    """The log holds too little to do this honestly."""


class NoModelError(BusflowError):
    """No model of this task is live for the operator."""
