"""``${...}``: a subset of CEL, read, given a type, and judged against the schemas of contracts."""
