"""Ways to other machines: addresses, certificates, the broker and its hints, careful fetches, sign-in elsewhere."""
