"""Worked solutions in words (GSM8K's annotated answers) made into programs: :mod:`.convert` is the way in."""
