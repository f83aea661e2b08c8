"""What goes over the wires of a room, for people: messages in words, registers, statistics.

Fed with the frames that the controller shows to who watches (``controller/tap.py``); the service
tools and the console read them with the same code, so both say the same.
"""
