"""Users, their PINs, and who may try how often. The core only hears who logged in."""
