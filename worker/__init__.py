"""Doing: thin Celery tasks and the steps behind them, which are plain functions that need no Celery."""
