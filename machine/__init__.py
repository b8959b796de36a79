"""What runs on this machine: servers, schema, processes, stopping. It prints nothing."""
