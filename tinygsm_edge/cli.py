"""What every command line of the project shares: exit codes, one-line errors, quiet interrupts."""

import argparse
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from tinygsm_edge.errors import UserError

EXIT_OK, EXIT_NO_ANSWER, EXIT_USAGE = 0, 1, 2
EXIT_INTERRUPTED = 128 + signal.SIGINT


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are one line: it raises UserError instead of printing its usage. Flags are
    written out whole, so that a new one never changes what an old command means."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **settings})

    def error(self, message: str) -> NoReturn:
        if message.startswith("unrecognized arguments"):
            message += " (put a question of several words in quotes)"
        raise UserError(f"{message}; see --help")


def run(main: Callable[[], int | None]) -> None:
    """Run a command's ``main`` and exit with its code; a :class:`UserError` is one line on stderr and exit code 2."""
    try:
        code = main() or EXIT_OK
        sys.stdout.flush()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        code = EXIT_USAGE
    except BrokenPipeError:
        # The reader (head, less) has gone: not an error of ours. Keep the interpreter from flushing into it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = EXIT_OK
    except OSError as error:  # BrokenPipeError, one of these, was met above
        where = f" {error.filename}" if error.filename else ""
        print(f"error: cannot use{where}: {error.strerror or error}", file=sys.stderr)
        code = EXIT_USAGE
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        code = EXIT_INTERRUPTED
    sys.exit(code)
