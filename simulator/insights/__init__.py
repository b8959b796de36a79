"""Insights of accounts and media: metrics, periods, breakdowns, shapes."""
