"""Aggregators as what they come to: calls that are resolved, values that have a type, an order, a worst case."""
