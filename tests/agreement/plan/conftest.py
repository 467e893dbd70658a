"""Small plans at small times, so that a slow reference can ask at every moment."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
