"""What it costs: each figure beside the floor it is measured against, in one run on one machine.

`figure` says what a figure is; `log` and `features` list those of their subject; `python -m benchmarks` measures.
"""
