"""The simulated room: devices that answer in bytes, the physics behind them, real-time serving.

Nothing here imports the drivers or the core for the devices and the physics: what a
device says on the wire is stated twice on purpose, once by each side.
"""
