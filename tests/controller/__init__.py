"""Tests of floor 2's own parts."""
