"""`/_sim`: whoever runs the simulator looks into the world and pushes it about. Nothing of it exists on Instagram."""
