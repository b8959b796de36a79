"""Ways out: how a notice leaves this machine, as a signed webhook or through one of the services that apprise knows."""
