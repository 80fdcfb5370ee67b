"""Types of numpy arrays, each named once: what they hold, and how many dimensions they have (X = any number).

`Ints` have 64 bits, and `Doubles` and `Singles` are floats of 64 and 32, as numpy calls them. What thinc's layers hand on, which
may lie on a GPU, has the types of `thinc.types`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bools1d = NDArray[np.bool_]
Bools2d = NDArray[np.bool_]
Bools3d = NDArray[np.bool_]
BoolsXd = NDArray[np.bool_]
Ints1d = NDArray[np.int64]
Ints2d = NDArray[np.int64]
Ints3d = NDArray[np.int64]
Doubles1d = NDArray[np.float64]
Doubles2d = NDArray[np.float64]
Doubles3d = NDArray[np.float64]
DoublesXd = NDArray[np.float64]
Singles1d = NDArray[np.float32]
Singles2d = NDArray[np.float32]
Singles3d = NDArray[np.float32]
