"""A service tool asks to be shown the wires of a running room.

The controller shows frames only to a service tool in standby, and stops when a procedure opens.
"""

from controller.bench.desk import Desk, Ended


def watch(desk: Desk, words: str) -> None:
    """Ask to be shown what goes over the wires.

    Raises:
        Ended: refused.
    """
    refusals = desk.ask("service", work="watch", words=words)
    if refusals:
        raise Ended("; ".join(refusals))
