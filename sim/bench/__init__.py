"""Measurements: stop latency, cost of a pass, lateness, memory, virtual speed, stop paths.

What is measured and how is in ``docs/performance.md``. Times are in ns while measured and
in ms or us where a person reads them; every result is one JSON object with the machine
and the commit beside it.
"""
