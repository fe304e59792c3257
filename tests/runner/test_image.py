"""The image: its definition holds, and what it installs is one version of keydeploy that Ansible finds."""

import json
import re
import tomllib

import yaml
from ansible_builder.user_definition import UserDefinition

import keydeploy
from tests.runner.image import DEFINITION, ROOT, Image, done

DEFINED = yaml.safe_load((ROOT / DEFINITION).read_text("utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_the_definition_is_one_of_the_third_version_by_ansible_builders_own_schema() -> None:
    definition = UserDefinition(str(ROOT / DEFINITION))
    definition.validate()
    assert definition.version == 3


def test_the_image_takes_this_version_of_the_wheel_and_of_the_collection() -> None:
    files = [f"keydeploy-{keydeploy.__version__}-py3-none-any.whl", f"keydeploy-core-{keydeploy.__version__}.tar.gz"]
    assert [each["src"] for each in DEFINED["additional_build_files"]] == [f"../dist/{file}" for file in files]
    assert [each["name"] for each in DEFINED["dependencies"]["galaxy"]["collections"]] == [f"dist/{files[1]}"]
    assert DEFINED["dependencies"]["python"] == [f"keydeploy[kerberos]=={keydeploy.__version__}"]


def test_the_image_takes_the_versions_of_ansible_core_that_the_wheel_asks_for() -> None:
    (wanted,) = (each for each in PROJECT["dependencies"] if each.startswith("ansible-core"))
    assert DEFINED["dependencies"]["ansible_core"]["package_pip"] == wanted
    supported = yaml.safe_load((ROOT / "meta/runtime.yml").read_text("utf-8"))["requires_ansible"]
    assert f"ansible-core{supported}" == wanted


def test_the_python_of_the_image_is_one_that_the_wheel_runs_on() -> None:
    named = DEFINED["dependencies"]["python_interpreter"]["package_system"]
    least = PROJECT["requires-python"].removeprefix(">=")
    assert tuple(map(int, named.removeprefix("python").split("."))) >= tuple(map(int, least.split(".")))


def test_ansible_builder_finds_all_that_the_image_needs(image: Image) -> None:
    found = {line.partition("  #")[0] for line in image.python_requirements.splitlines() if line}
    assert found == {f"keydeploy=={keydeploy.__version__}", f"keydeploy[kerberos]=={keydeploy.__version__}"}
    system = {line.partition("  #")[0] for line in image.system_requirements.splitlines() if line}
    assert system == set(DEFINED["dependencies"]["system"])


def test_nothing_of_the_folder_with_the_packages_stays_in_the_image(image: Image) -> None:
    final = image.containerfile.partition("AS final")[2]
    assert "/output/dist" in image.containerfile
    assert re.findall(r"^ENV PIP_FIND_LINKS=(.*)$", final, re.MULTILINE)[-1] == ""
    assert "RUN rm -rf /output\n" in final


def test_everything_that_is_installed_fits_together(image: Image) -> None:
    done(image.python, "-c", "import kerberos, winrm, ansible_runner, keydeploy", cwd=image.folder)
    packages = json.loads(done(*image.pip, "list", "--format", "json", cwd=image.folder))
    assert ("keydeploy", keydeploy.__version__) in {(each["name"], each["version"]) for each in packages}
    done(*image.pip, "check", cwd=image.folder)


def test_ansible_finds_the_collection_that_was_installed_and_it_works_with_the_wheel(image: Image) -> None:
    """Not the copy that the wheel carries, which is there as well; both are of one version."""
    inventory = image.folder / "inventory.yml"
    inventory.write_text("all: {hosts: {web1: {ansible_connection: local, keydeploy: {farm: portal}}}}\n", "utf-8")
    validate = (image.command("ansible-playbook"), "keydeploy.core.validate", "-i", inventory, "-vvv")
    told = done(*validate, cwd=image.folder, **image.environment())
    assert f"plays in {image.collections}/ansible_collections/keydeploy/core/playbooks/validate.yml" in told
    assert '"state": "valid"' in told
    assert "does not support Ansible version" not in told
