"""Hardware in the loop: checks of a bench, a room, or the same devices simulated.

Run by ``galactograph hil``; the checks are ``checks/check_*.py`` and no part of ``make test``.
"""
