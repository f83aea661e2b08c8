"""What is wrong with a machine and a room profile, and how to mend it. Changes nothing."""
