"""Measurements: how long gatewright takes, and how fast what it builds is. Always as ratios within one run.

``make bench`` runs all and writes docs/performance.md; ``python -m bench --help`` says how to run a part.
"""
