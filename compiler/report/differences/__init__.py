"""The difference of two revisions of a project, for people and for programs: a renderer a format."""
