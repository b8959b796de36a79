"""A module whose import has no end."""

import threading

threading.Event().wait()
