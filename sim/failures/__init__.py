"""Failure runs: what breaks, which layer must stop the pump, and what must be true afterwards.

The table is ``table.py``; a run plays rows of it in turn at one site, on the real clock.
"""
