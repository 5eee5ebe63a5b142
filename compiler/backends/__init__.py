"""Backends: a plan in, files out. A folder for each product; ``compiler.pipeline`` names the one that is used."""
