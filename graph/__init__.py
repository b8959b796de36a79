"""Instagram Graph API client: typed calls, one error table, usage read from every answer. No database, no Celery."""
