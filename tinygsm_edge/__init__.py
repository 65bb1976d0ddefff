"""Grade-school math problems solved by a tiny generator, a sandbox and a tiny verifier, on your own machine."""

__version__ = "0.1.0"
