"""``python -m compiler.dataplane``: build the payload module anew where its sources lie."""

from __future__ import annotations

import sys

from compiler.dataplane.building import BuildFailed, build

if __name__ == "__main__":
    try:
        print(build())
    except BuildFailed as failure:
        sys.exit(str(failure))
