"""Charts as SVG, drawn on the server: nothing of anybody else's to load, and the numbers stand beside them as text."""
