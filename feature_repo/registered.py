"""The one file that `feast apply` reads. Run it in this folder with BUSFLOW_HOME set."""

from activity_log.settings import load_settings
from feature_repo.entities import CUSTOMER, OPERATOR
from feature_repo.services import feature_services
from feature_repo.views import feature_views

entities = [OPERATOR, CUSTOMER]
views = feature_views(load_settings().features_dir)
services = feature_services(views)
