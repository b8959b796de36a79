"""Who asks over HTTP: a header or a cookie becomes an asker; signing in and out."""
