"""``python -m demo``: the web page, on 127.0.0.1 unless told otherwise. Ctrl-C ends it."""

import argparse
import socket
import sys
import threading
import warnings
from collections.abc import Sequence

from tinygsm_edge import cli
from tinygsm_edge.errors import UserError
from tinygsm_edge.options import add_duo_options
from tinygsm_edge.rerank import DEFAULT_CANDIDATES

HOST, PORT = "127.0.0.1", 7860


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until interrupted; 0 then.

    Raises:
        UserError: a flag out of its range, a port that cannot be had, no gradio, a duo that cannot be used.
    """
    options = _parser().parse_args(argv)
    if options.threads is not None and options.threads < 1:
        raise UserError(f"--threads must be 1 or more, got {options.threads}")
    check_address(options.host, options.port)

    warnings.filterwarnings("ignore", module=r"gradio\.")  # about the names it uses of its own web server
    from demo import app  # imports gradio
    from demo.service import Service, check_candidates
    from tinygsm_edge.solver import Solver

    check_candidates(options.candidates)
    with (
        Solver(duo=options.duo, provider=options.provider, threads=options.threads) as solver,
        Service(solver) as service,
        app.serve(app.build(service, options.candidates), options.host, options.port) as address,
    ):
        print(f"{address}  (Ctrl-C ends it)", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
    return cli.EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = cli.Parser(
        prog="python -m demo",
        description="A web page that solves grade-school word problems and shows how, on this machine alone.",
    )
    parser.add_argument(
        "--host", default=HOST, help="address to serve on (default %(default)s: this machine only; there is no login)"
    )
    parser.add_argument("--port", type=int, default=PORT, help="default %(default)s")
    parser.add_argument(
        "-n", "--candidates", type=int, default=DEFAULT_CANDIDATES, metavar="N",
        help="programs to sample per question, until the page says otherwise (default %(default)s)",
    )  # fmt: skip
    add_duo_options(parser)
    return parser


def check_address(host: str, port: int) -> None:
    """Refuse an address that cannot be served on, before a model is loaded for it.

    Raises:
        UserError: port out of range or taken, unknown host.
    """
    if not 1 <= port <= 65535:
        raise UserError(f"--port must be between 1 and 65535, got {port}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise UserError(
            f"cannot serve on {host} port {port} ({error.strerror}): choose another with --host and --port"
        ) from error


if __name__ == "__main__":
    cli.run(main)
