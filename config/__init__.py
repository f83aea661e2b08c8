"""Room and procedure files: read, checked whole, turned into the core's frozen profile.

``load.load_room`` is the way in. A file that is wrong in any way gives
``problems.ConfigError`` with every problem at once; nothing is ever repaired silently.
"""
