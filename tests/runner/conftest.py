"""The image, and the jobs that several tests look at: each takes seconds, so each is run once."""

from dataclasses import dataclass
from shutil import which

import pytest

from tests.conftest import missing
from tests.engine.farm import fault
from tests.runner import image as images
from tests.runner.image import Image
from tests.runner.job import EVERYTHING, Farm, Job


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Build what stands in for the image."""
    if which("krb5-config") is None:
        missing("krb5-config, with which the image's Kerberos is built (Debian: libkrb5-dev)")
    return images.build(tmp_path_factory.mktemp("image"))


@dataclass(frozen=True)
class Jobs:
    """What happened on one farm, in this order; all of it with every detail logged."""

    farm: Farm
    found: Job
    """It looks for drift, and there is some."""
    remote: Job
    """So does a worker elsewhere."""
    planned: Job
    applied: Job
    """At a worker elsewhere, too."""
    crossed: dict[str, bytes]
    """What went to these workers and back, unpacked."""
    in_order: Job
    unreachable: Job
    """A node cannot be reached any more."""

    @property
    def all(self) -> tuple[Job, ...]:
        """Answer all of them."""
        return (self.found, self.remote, self.planned, self.applied, self.in_order, self.unreachable)


@pytest.fixture(scope="session")
def jobs(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Jobs:
    """Run the jobs."""
    farm = Farm(tmp_path_factory.mktemp("farm"), image)
    found = farm.run("drift", "found", EVERYTHING)
    remote, crossed = farm.run_remotely("drift", "remote", EVERYTHING, "--diff")
    planned = farm.run("plan", "planned", "--diff")
    applied, changing = farm.run_remotely("apply", "applied", EVERYTHING, "--diff")
    in_order = farm.run("drift", "in order")
    farm.behave("web2", fault("file.read", "cut"))
    unreachable = farm.run("drift", "unreachable", EVERYTHING)
    return Jobs(farm, found, remote, planned, applied, crossed | changing, in_order, unreachable)
