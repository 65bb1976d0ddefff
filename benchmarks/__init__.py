"""How fast the project is on this machine, told with spread and with the machine: ``python -m benchmarks <verb>``."""
