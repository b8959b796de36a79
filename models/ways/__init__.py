"""Ways of kept files to Instagram that take steps of their own: objects in a bucket, uploads to containers."""
