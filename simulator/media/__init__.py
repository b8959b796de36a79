"""The files that posts are made of: fetched as Instagram fetches them, looked into, held to its specifications."""
