"""The one file that `feast apply` reads. Run it in this folder with BUSFLOW_HOME set.

Feast registers what stands under a name of its own; it does not look into lists.
"""

import logging

from activity_log.settings import load_settings
from feature_repo.applying import definitions, lay_out

_settings = load_settings()
lay_out(_settings)
globals().update({definition.name: definition for definition in definitions(_settings)})

# Feast looks for a file called `*.parquet`, does not find it, and warns; when it reads, it knows what the star means
logging.getLogger("feast.infra.offline_stores.file_source").setLevel(logging.ERROR)
