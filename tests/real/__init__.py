"""Real processes, a real pty, real TCP: slow, few, with bounded waits."""
