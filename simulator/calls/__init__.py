"""One call on its way: who makes it, which endpoint and node it means, what it costs, how a node or a list is shown."""
