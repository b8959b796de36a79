"""Readings: what lists, pages and exports show, as plain values. Nothing here changes a row or locks one."""
