"""Tests of the pure core: no ports, no time but the one handed in."""
