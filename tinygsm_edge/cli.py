"""What every command line of the project shares: exit codes, one-line errors, quiet interrupts."""

import os
import signal
import sys
from collections.abc import Callable

from tinygsm_edge.errors import UserError

EXIT_OK, EXIT_NO_ANSWER, EXIT_USAGE = 0, 1, 2
EXIT_INTERRUPTED = 128 + signal.SIGINT


def run(main: Callable[[], int | None]) -> None:
    """Run a command's ``main`` and exit with its code; a :class:`UserError` is one line on stderr and exit code 2."""
    try:
        code = main() or EXIT_OK
        sys.stdout.flush()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        code = EXIT_USAGE
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        code = EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has gone: not an error of ours. Keep the interpreter from flushing into it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = EXIT_OK
    sys.exit(code)
