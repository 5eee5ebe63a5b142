"""The changes of a contract, for people and for programs: a renderer a format."""
