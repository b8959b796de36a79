"""From a container to a media: parameters, processing, uploads, `media_publish`, and the ledger of it."""
