"""Changes to JSON bodies: what `shape` and `decorate` say, and what becomes of schemas and values by it.

``tree`` reads the changes, ``schemas`` applies them to schemas and ``values`` to values, ``sets`` gives types to what
is put in, and ``exposures`` puts these together for the operations that an entry of ``expose`` comes to.
"""
