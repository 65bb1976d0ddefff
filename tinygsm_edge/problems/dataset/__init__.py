"""Training sets of any size: units of work, filters, near-duplicates, shards and the data card."""
