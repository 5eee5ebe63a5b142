"""Two revisions of a project: what changes for those who call its gateways and edges, and for those who run them.

Both revisions become plans, and plans are compared: what is spelled in another way, or stands in another file, is the
same. :mod:`compiler.diff.table` says of each field of a plan what a change of it means.
"""
