"""The key of what the workers of a run tell each other of the spec; see `keydeploy.spec.seals`.

Ansible loads this where it schedules tasks, and forks its workers from there: they have the key in memory, and it is
nowhere else. Where that should not be so, each worker has a key of its own, no seal is known again, and everything is
checked as ever.
"""

from __future__ import annotations

import secrets

from keydeploy.secret import Secret

KEY = Secret(secrets.token_bytes(32))
