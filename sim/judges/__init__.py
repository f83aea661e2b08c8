"""Judges of a virtual run: what the devices did, and what the record on the disk says.

They share no code with the core: limits, format of the record and meaning of its entries are
stated here once more, on purpose, and joined to ours by tests. ``watch`` collects, ``case`` is
what they are given, ``table`` lists them.
"""
