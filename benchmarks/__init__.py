"""What it costs: each figure beside the floor it is measured against, in one run on one machine."""
