"""``python -m compiler`` and the command ``gatewright``: runs the command line, and lets no traceback out."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    gc.disable()  # one short run over data that lives until its end; `up`, which stays, switches it on again
    from compiler.cli import gatewright

    try:
        gatewright.main(prog_name="gatewright", standalone_mode=True)
    except BrokenPipeError:  # the reader of a pipe has gone, as in `gatewright graph | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(2)
    except Exception as error:
        from compiler.dataplane import ModuleMissing

        if isinstance(error, ModuleMissing):  # an installation that is not whole, whatever it was asked for
            print(f"gatewright: {error}", file=sys.stderr)
            sys.exit(2)
        if os.environ.get("GATEWRIGHT_DEBUG"):
            raise
        where = error.__traceback__
        while where is not None and where.tb_next is not None:
            where = where.tb_next
        place = f"{os.path.basename(where.tb_frame.f_code.co_filename)}:{where.tb_lineno}" if where else "?"
        print(
            f"gatewright: defect at {place}: {type(error).__name__}: {error}\n"
            "This is not your mistake. Please report it, with what GATEWRIGHT_DEBUG=1 prints.",
            file=sys.stderr,
        )
        sys.exit(2)


if __name__ == "__main__":
    main()
