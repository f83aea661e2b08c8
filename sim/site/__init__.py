"""A site: simulated devices and the controller as processes, joined by a real pty and TCP.

For failure runs and measurements on the real clock, and for the tests of ``tests/real``.
"""
