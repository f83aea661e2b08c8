"""Deaths on virtual time: the controller is killed at every point where it touches the world.

``deaths`` finds the points and forks at each; ``afterlife`` is what a fork does with it;
``judge`` says what must be true; ``command`` plays and keeps lines; ``summary`` counts them.
"""
