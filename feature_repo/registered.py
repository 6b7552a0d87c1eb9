"""The one file that `feast apply` reads. Run it in this folder with BUSFLOW_HOME set.

Feast registers what stands under a name of its own; it does not look into lists.
"""

from activity_log.settings import load_settings
from feature_repo.entities import CUSTOMER, OPERATOR
from feature_repo.services import feature_services
from feature_repo.views import feature_views

operator, customer = OPERATOR, CUSTOMER
booking, travel, engagement, taste = views = feature_views(load_settings().features_dir)
churn, recommender, insight = feature_services(views)
