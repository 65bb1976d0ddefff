"""Composed problems: graphs of quantities and relations, said in sentences of a phrase bank."""
