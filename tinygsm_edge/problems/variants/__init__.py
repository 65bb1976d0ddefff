"""Fresh numbers and names for a problem that has a program: :mod:`.resample` is the way in."""
