"""Many customers in one request, for nightly jobs: what is wrong with one is told there, and stops no other."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import TypeVar

from activity_log.errors import UnknownCustomerError
from serving.answers import Answers
from serving.languages import Language
from serving.replies import CustomerProfile, CustomerRecommendation, Problem
from serving.requests import Filters
from serving.visitor import Visitor

T = TypeVar("T")


def recommendations_for(
    answers: Answers,
    operator_id: str,
    customer_ids: Sequence[str],
    language: Language,
    filters: Filters,
    n: int,
) -> list[CustomerRecommendation]:
    """Suggest trips to each customer, in the order asked, each id once. Raises UnknownOperatorError."""

    def suggest(customer_id: str) -> CustomerRecommendation:
        answered = answers.recommend(operator_id, Visitor(customer_id), language, filters, n)
        return CustomerRecommendation(customer_id=customer_id, recommendation=answered, problem=None)

    def refuse(customer_id: str, problem: Problem) -> CustomerRecommendation:
        return CustomerRecommendation(customer_id=customer_id, recommendation=None, problem=problem)

    return _each(customer_ids, suggest, refuse)


def profiles_of(
    answers: Answers,
    operator_id: str,
    customer_ids: Sequence[str],
    language: Language,
    *,
    with_person: bool,
) -> list[CustomerProfile]:
    """Return the 360° profile of each customer, in the order asked, each id once. Raises UnknownOperatorError."""

    def tell(customer_id: str) -> CustomerProfile:
        insight = answers.customer_insight(operator_id, customer_id, language, with_person=with_person)
        return CustomerProfile(customer_id=customer_id, insight=insight, problem=None)

    def refuse(customer_id: str, problem: Problem) -> CustomerProfile:
        return CustomerProfile(customer_id=customer_id, insight=None, problem=problem)

    return _each(customer_ids, tell, refuse)


def _each(
    customer_ids: Sequence[str], answer: Callable[[str], T], refuse: Callable[[str, Problem], T]
) -> list[T]:
    found = []
    for customer_id in dict.fromkeys(customer_ids):
        try:
            found.append(answer(customer_id))
        except UnknownCustomerError as error:
            found.append(refuse(customer_id, _unknown(error)))
    return found


def _unknown(error: UnknownCustomerError) -> Problem:
    status = HTTPStatus.NOT_FOUND
    return Problem(title=status.phrase, status=status, detail=str(error))
