"""A web page around the solver, on the user's own machine: ``python -m demo``."""
