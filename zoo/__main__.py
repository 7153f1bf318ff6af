"""`python -m zoo` is `zoo`."""

import sys

from zoo.start import main

sys.exit(main())
