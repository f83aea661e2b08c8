"""The pure core: what the room should do, decided from what was measured.

Nothing here asks for the time, for chance, for a file or a socket. The one entry
is :func:`state_machine.step.step`; everything else is a table or a small function
that it calls in order.
"""
