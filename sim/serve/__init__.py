"""The simulated room in real time, on real wires: ``galactograph-sim serve``.

A serial pty for the pump, one TCP address for the Modbus devices, a control port through
which hands act in the room and wires are broken. :mod:`sim.serve.server` is the loop.
"""

from sim.serve.addresses import UsageError, host_port
from sim.serve.command import add_arguments, main, run

__all__ = ["UsageError", "add_arguments", "host_port", "main", "run"]
