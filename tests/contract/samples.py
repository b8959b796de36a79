"""The answers that graph-api.md records (samples.json, by section). A shortened id of it is filled up with digits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SAMPLES: dict[str, Any] = json.loads((Path(__file__).parent / "samples.json").read_text(encoding="utf-8"))
IG_ID = "17841405822304914"
