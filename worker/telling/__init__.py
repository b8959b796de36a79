"""Telling people: notices dealt out to the endpoints that want them, and deliveries sent."""
