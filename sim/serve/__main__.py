"""Entry for ``python -m sim.serve``."""

import sys

from sim.serve.command import main

if __name__ == "__main__":
    sys.exit(main())
