"""`python -m truceline`."""

import sys

from truceline.app import main

sys.exit(main())
