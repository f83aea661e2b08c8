"""Whole rooms on virtual time: real loop, drivers and core; simulated devices and hands."""
