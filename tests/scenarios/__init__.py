"""Sequences that must stay safe: one file each, in the order of ``README.md``."""
