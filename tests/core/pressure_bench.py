"""The fast traces of ``sim.injections.trace``, for tests: what is not found in time fails."""

from sim.injections.trace import Trace


class Bench(Trace):
    """A trace whose findings are asserted."""

    def soon(self, alarm: str, limit_s: float) -> float:
        """Seconds from now until the detector of an alarm has found something."""
        span = self.until_found(alarm, limit_s)
        assert span is not None, f"{alarm} not found in {limit_s} s: {self.found}"
        return span
