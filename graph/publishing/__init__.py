"""Publishing: containers, what they may carry, uploads, and the publish call."""
