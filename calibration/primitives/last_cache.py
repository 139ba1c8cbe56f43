"""Size of the last-level cache, read from the time of a load over the size of what is chased through.

A load of a random line of W bytes hits a cache of C bytes with probability min(1, C / W), as it holds a random part of
them, so with l the time of a hit and m of a miss

    L(W) = l + (m - l) (1 - min(1, C / W))

which is linear in l and m: sizes on a grid are tried, by least squares on relative error.
Assumptions: smaller caches hold next to nothing of the sizes given; what the cache holds is ours.
When not to use it: for a cache that other programs fill meanwhile; what is found is the part that they leave.
Source: the sweep is that of lmbench, McVoy and Staelin, USENIX (1996); the hit rate is that of uniform reuse.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Sizes tried, per factor of two.
_PER_OCTAVE = 12
#: A miss takes longer than a hit by this factor, or there is no cache to be seen.
_LEAST_STEP = 1.25


def cache_size(sizes: NDArray[np.float64], seconds: NDArray[np.float64]) -> float | None:
    """The size that explains a sweep best [B]; None where loads take as long from every size.

    Args:
        sizes: What was chased through, rising to a few last-level caches [B].
        seconds: Time of a load at each size [s].
    """
    if len(sizes) < 4:
        return None
    octaves = float(np.log2(sizes[-1] / sizes[0]))
    tried = sizes[0] * 2.0 ** (np.arange(1, int((octaves - 1.0) * _PER_OCTAVE) + 1) / _PER_OCTAVE)
    found: list[tuple[float, float]] = []
    for size in tried.tolist():
        missed = 1.0 - np.minimum(1.0, size / sizes)
        design = np.stack([1.0 - missed, missed], axis=1) / seconds[:, None]
        (hit, miss), *_ = np.linalg.lstsq(design, np.ones(len(sizes)), rcond=None)
        if miss > _LEAST_STEP * hit > 0.0:
            found.append((float(np.sum((design @ (hit, miss) - 1.0) ** 2)), size))
    return min(found)[1] if found else None
