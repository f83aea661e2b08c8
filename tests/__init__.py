"""Tests of the controller, the drivers, the core and the simulated room."""
