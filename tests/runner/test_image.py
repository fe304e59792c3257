"""The image: its definition holds, and what it installs is one version of keydeploy that Ansible finds."""

import json
import tomllib

import yaml
from ansible_builder.user_definition import UserDefinition

import keydeploy
from tests.runner.image import DEFINITION, IMPOSTOR, ROOT, Image, done

DEFINED = yaml.safe_load((ROOT / DEFINITION).read_text("utf-8"))
WANTED = f"keydeploy[kerberos] @ file:///output/dist/keydeploy-{keydeploy.__version__}-py3-none-any.whl"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_the_definition_is_one_of_the_third_version_by_ansible_builders_own_schema() -> None:
    definition = UserDefinition(str(ROOT / DEFINITION))
    definition.validate()
    assert definition.version == 3


def test_the_image_takes_this_version_of_the_wheel_and_of_the_collection() -> None:
    files = [f"keydeploy-{keydeploy.__version__}-py3-none-any.whl", f"keydeploy-core-{keydeploy.__version__}.tar.gz"]
    assert [each["src"] for each in DEFINED["additional_build_files"]] == [f"../dist/{file}" for file in files]
    assert [each["name"] for each in DEFINED["dependencies"]["galaxy"]["collections"]] == [f"dist/{files[1]}"]
    assert DEFINED["dependencies"]["python"] == [WANTED]


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
    assert found == {f"keydeploy=={keydeploy.__version__}", WANTED}
    system = {line.partition("  #")[0] for line in image.system_requirements.splitlines() if line}
    assert system == set(DEFINED["dependencies"]["system"])


def test_the_folder_with_the_packages_is_there_when_pip_needs_it_and_does_not_stay_in_the_image(image: Image) -> None:
    builder, _, final = image.containerfile.partition("AS builder")[2].partition("AS final")
    assert builder.index("COPY _build/dist /output/dist\n") < builder.index("RUN /output/scripts/assemble\n")
    steps = (
        "COPY --from=builder /output/ /output/\n",
        "RUN /output/scripts/install-from-bindep",
        "RUN rm -rf /output\n",
    )
    assert sorted(steps, key=final.index) == list(steps)


def test_the_wheel_is_ours_even_if_an_index_has_one_of_that_name_and_version(image: Image) -> None:
    (installed,) = image.python.parents[1].glob("lib/python*/site-packages/keydeploy")
    assert not (installed.parent / IMPOSTOR).exists()
    told = "from importlib.metadata import distribution as of; print(of('keydeploy').read_text('direct_url.json'))"
    (wheel,) = (image.context / "dist").glob("*.whl")
    assert json.loads(done(image.python, "-c", told, cwd=image.folder))["url"] == wheel.as_uri()


def test_pip_would_prefer_the_other_one_if_the_name_alone_were_given(image: Image) -> None:
    offered = {"PIP_FIND_LINKS": f"{image.folder / 'index'} {image.context / 'dist'}", "PIP_NO_INDEX": "1"}
    wanted = ("install", "--no-deps", "--target", image.folder / "betrayed", f"keydeploy=={keydeploy.__version__}")
    done(*image.pip, *wanted, cwd=image.folder, **offered)
    assert (image.folder / "betrayed" / IMPOSTOR).is_file()


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
