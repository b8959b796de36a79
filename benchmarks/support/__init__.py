"""What the measurements share: a whole stack to drive, clocks that jump, blows, floors, curves and counters."""
