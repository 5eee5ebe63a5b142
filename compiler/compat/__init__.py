"""What changed between two versions of a contract, whom it breaks, and which step of the version it needs."""
