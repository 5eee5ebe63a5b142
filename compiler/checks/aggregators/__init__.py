"""The checks on aggregators, a file each; :mod:`compiler.checks.aggregates` runs them."""
