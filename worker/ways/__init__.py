"""Ways of kept media to Instagram: what is offered to it, and the steps of those ways that have some of their own."""
