"""The web console: a process of its own, a client of the controller's API like any other.

It serves pages to a browser on the same machine and carries messages between one page and
one connection to the controller. It decides nothing: what a page may do is decided by the
controller, which sees each page as a connection of its own.
"""
