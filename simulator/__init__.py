"""A believable German coach-tour operator, simulated: the events it would send, and the truth behind them.

People with planted tastes, habits, households and channels book tours of families that come back each season.
Coaches sell out, run late, disappoint; people drift away for reasons that leave traces before they are gone.
Events arrive as in life: late, twice, out of order. The same `SimulationSpec` gives the same bytes.

>>> from datetime import date
>>> small = simulate(SimulationSpec(customers=50, years=1, until=date(2026, 1, 1)))
>>> small == simulate(small.truth.spec)
True
"""

from simulator.files import read_truth, write
from simulator.spec import SimulationSpec
from simulator.world import Simulation, simulate

__all__ = ["Simulation", "SimulationSpec", "read_truth", "simulate", "write"]
