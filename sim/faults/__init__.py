"""What goes wrong in a virtual room: a catalogue, plans drawn from a seed, and carrying them out.

``table`` has one row per fault, ``draw`` makes a plan of a seed, ``strike`` lets the plan
happen to a room and watches whether each fault really did what it must.
"""
