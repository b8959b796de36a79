"""How the Graph API speaks, whatever is said: parameters, fields, errors, versions, bytes of an answer."""
