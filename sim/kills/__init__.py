"""``kill -9`` of the real controller at random moments, over a real pty, TCP and disk.

``lives`` kills, begins anew and judges, many times in one procedure; ``command`` plays sites
side by side and keeps lines; ``summary`` counts them.
"""
