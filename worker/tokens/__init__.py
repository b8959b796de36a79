"""Care of tokens: each is looked at now and then, renewed early, and people hear of an end that is left to them."""
