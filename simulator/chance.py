"""Named sources of randomness: each part of the world draws from its own, so parts can change alone."""

import zlib
from random import Random

import numpy as np

from simulator.spec import SimulationSpec


def dice(spec: SimulationSpec, name: str) -> Random:
    """Return the scalar generator of the part `name`."""
    return Random(f"{spec.operator_id}/{spec.seed}/{name}")


def arrays(spec: SimulationSpec, name: str) -> np.random.Generator:
    """Return the array generator of the part `name`."""
    return np.random.default_rng([spec.seed, zlib.crc32(f"{spec.operator_id}/{name}".encode())])
