"""Hands the list of disclosed keys that was found here on to Ansible, so that an address is asked once a run."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import NamedTemporaryFile

from keydeploy.disclosed import DisclosedList


@contextmanager
def handed_on(found: DisclosedList | None, options: argparse.Namespace) -> Iterator[argparse.Namespace]:
    """Answer *options* for Ansible, with a file in place of the lists that they name, where these were *found*.

    The file holds hashes alone and goes in the end. What is to be said of the lists is said by who found them.
    """
    if found is None or found.keys is None or not options.disclosed_keys:
        yield options
        return
    with NamedTemporaryFile(prefix="keydeploy-disclosed-keys-", suffix=".csv") as file:
        file.write(found.keys.to_list())
        file.flush()
        yield argparse.Namespace(**{**vars(options), "disclosed_keys": [file.name]})
