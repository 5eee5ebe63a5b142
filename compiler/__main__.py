"""``python -m compiler`` and the command ``gatewright``: runs the command line, and lets no traceback out."""

from __future__ import annotations

import errno
import gc
import os
import sys

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def main() -> None:
    """Run the command line and end the process with its exit code.

    It ends at once when all is written: taking the interpreter down object by object takes a tenth of a short run.
    """
    gc.disable()  # one short run over data that lives until its end; `up`, which stays, switches it on again
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started it
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, open until the end
    code = _run()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:  # the reader has gone, as in `gatewright graph | head`, or there is no more room
            code = 2
            if stream is sys.stdout and error.errno in _FULL:
                _unwritten(error)
    os._exit(code)


def _run() -> int:
    """The exit code of the command that was asked for."""
    from compiler.cli import gatewright

    try:
        gatewright.main(prog_name="gatewright", standalone_mode=True)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 2
    except BrokenPipeError:
        return 2
    except OSError as error:
        return _unwritten(error) if error.filename is None and error.errno in _FULL else _defect(error)
    except Exception as error:
        from compiler.dataplane import ModuleMissing

        if isinstance(error, ModuleMissing):  # an installation that is not whole, whatever it was asked for
            _say(str(error))
            return 2
        return _defect(error)
    return 0


def _defect(error: Exception) -> int:
    """Say where a defect of ours is, in two lines."""
    if os.environ.get("GATEWRIGHT_DEBUG"):
        import traceback

        traceback.print_exception(error)
        return 2
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    place = f"{os.path.basename(where.tb_frame.f_code.co_filename)}:{where.tb_lineno}" if where else "?"
    _say(
        f"defect at {place}: {type(error).__name__}: {error}\n"
        "This is not your mistake. Please report it, with what GATEWRIGHT_DEBUG=1 prints."
    )
    return 2


def _unwritten(error: OSError) -> int:
    _say(f"the output could not be written: {error.strerror}")
    return 2


def _say(text: str) -> None:
    print(f"gatewright: {text}", file=sys.stderr)


if __name__ == "__main__":
    main()
