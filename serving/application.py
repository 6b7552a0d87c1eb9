"""What answers, behind the definition of the service: importing it takes seconds."""

from collections.abc import Callable, Iterable

from starlette.applications import Starlette

from activity_log.settings import Settings
from serving.access import TokenKeys
from serving.answers import Answers, open_answers
from serving.observability import open_figures
from serving.resources.native import NativeApi, native
from serving.web import add_routes


def furnish(web: Starlette, keys: Callable[[], TokenKeys], apis: Iterable[NativeApi]) -> None:
    """Give the app its routes. apis: the framework's endpoints beside it."""
    add_routes(web, keys, native(apis))


def connect(web: Starlette, settings: Settings) -> Answers:
    """Connect the app with an installation, and follow all its operators."""
    answers = open_answers(settings)
    answers.follow(answers.operators())
    web.state.answers = answers
    web.state.figures = open_figures(settings)
    return answers
