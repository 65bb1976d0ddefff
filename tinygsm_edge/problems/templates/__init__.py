"""Problem templates as data (``library/*.yaml``) and what draws problems from them: :mod:`.loader` is the way in."""
