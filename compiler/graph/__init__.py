"""A project as a picture: who calls what, in which version, and what serves it. A file a format."""

from __future__ import annotations
