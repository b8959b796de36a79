"""Facts of Instagram that more floors than one need: its days, versions, permissions, signatures, consent."""
