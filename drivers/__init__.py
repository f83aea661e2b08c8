"""Drivers: bytes in, readings out; targets in, bytes out.

A driver never opens, reads or writes a port (only :mod:`drivers.ports` touches the
machine), never asks for the time and never waits. Each family is one plain class
that follows :class:`drivers.driver.Driver`.
"""
