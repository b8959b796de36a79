"""What starts something: these alone import what they start."""
