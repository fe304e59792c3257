"""A schedule that runs `keydeploy drift` unattended: what to run, when, and how each scheduler is told so.

Pure: nothing is read or written here but what `installing` puts in place. No schedule holds a secret; each names the
file, the credential or the variable of the scheduler that holds it.
"""

from keydeploy.schedule.job import Job, Password
from keydeploy.schedule.kinds import KINDS, make
from keydeploy.schedule.made import MARK, Schedule

__all__ = ["KINDS", "MARK", "Job", "Password", "Schedule", "make"]
