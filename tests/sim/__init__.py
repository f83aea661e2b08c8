"""Tests of the simulated room, at the byte level."""
