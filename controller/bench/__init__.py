"""For service and QA: what is out there, is it right, what goes over its wires.

Nothing here runs beside a controller of the same room, and nothing here writes to a device
unless its command says so.
"""
