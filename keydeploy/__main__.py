"""`python -m keydeploy`."""

import sys

from keydeploy.cli import main

sys.exit(main())
