"""``galactograph`` with one control taken away (``sim/campaign/broken.py``, ``defects.py``).

``python -m tests.hil.broken_controller NAME run --room ...``: for showing that a check notices.
"""

import sys

from controller import cli
from tests.hil import breaks


def main() -> int:
    """Break, then be the controller."""
    breaks.apply(sys.argv[1])
    return cli.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
