"""`python -m zoo` is `zoo`."""

import os
import sys

# `-m` looks into the working folder first; what lies there is no code of ours.
if not sys.flags.safe_path and sys.path[:1] == [os.getcwd()]:
    del sys.path[0]

from zoo.cli.start import main

sys.exit(main())
