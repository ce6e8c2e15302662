"""libvips, set up once: `from ingest.vips import pyvips`."""

from __future__ import annotations

import pyvips

# It would keep the pixels of the last hundred operations, and show an old image under a name written anew.
pyvips.cache_set_max(0)

__all__ = ["pyvips"]
