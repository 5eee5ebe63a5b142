"""gatewright: a compiler from one declarative project to the configuration of a real gateway.

The road, a module or folder a phase (docs/architecture.md tells it in full)::

    Source --read--> Document --decode--> model --> Workspace --check--> Checked --lower--> Plan --render--> artifacts

``compiler.pipeline`` walks it: ``validate`` up to Checked, ``plan`` and ``artifacts`` from there. Nothing on the road
writes a file, starts a process or reads a clock; what does lives in ``compiler.artifacts``, ``compiler.local`` and
``compiler.cli``.
"""
