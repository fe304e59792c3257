"""What a node is asked so that its key material can be written down: two read-only requests.

The first one finds out which applications there are, the second one reads their files: no node can tell both at once.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from keydeploy import iis, observation
from keydeploy.errors import NodeError
from keydeploy.iis import applications
from keydeploy.node.contract import (
    FileState,
    ListAppPools,
    ListBindings,
    ListCertificates,
    ListContainers,
    ReadFile,
    Reading,
    ReadSystem,
    Request,
    Response,
)
from keydeploy.observation import smart_cards
from keydeploy.secret import Secret
from keydeploy.spec import load
from keydeploy.spec.declaration import Declaration
from keydeploy.spec.load import problems_of
from keydeploy.spec.model import Machine, ProtectedSections, SmartCards, Spec
from keydeploy.webconfig.document import Document, parse

RUN = "adopt"
EVERY_CONTAINER = ListContainers("")
PERSONAL = ListCertificates("My")
_HOST, _REDIRECTION = ReadFile(iis.APPLICATION_HOST), ReadFile(iis.REDIRECTION)
_USUALLY_MOVED = ("connectionStrings", "appSettings")
"""Sections that people keep in files of their own (configSource) and encrypt."""

FIRST: tuple[Reading, ...] = (
    _HOST,
    _REDIRECTION,
    EVERY_CONTAINER,
    PERSONAL,
    ListAppPools(),
    ListBindings(),
    *smart_cards.questions(SmartCards(csp=1, ksp=1)),
    ReadSystem(),
)


def request(questions: Iterable[Reading]) -> Request:
    """Ask *questions*; tags of files mean nothing here."""
    return Request(RUN, Secret(secrets.token_bytes(32)), tuple(questions))


def application_host(response: Response) -> Document | None:
    """Answer applicationHost.config, None where there is no IIS.

    Raises `DocumentError` where it cannot be read or is shared with other nodes, and `NodeError` where the node may
    not be asked for it.
    """
    redirection = response.to(_REDIRECTION, FileState).content
    if redirection is not None:
        iis.refuse_shared_configuration(parse(redirection.reveal()))
    content = response.to(_HOST, FileState).content
    return parse(content.reveal()) if content is not None else None


def named(host: Document | None) -> dict[str, dict[str, str]]:
    """Answer the applications that a spec can name, as it declares them; they are called `a0`, `a1` and so on here."""
    found = applications(host) if host is not None else ()
    places = ({"site": site, "path": path} for site, path in found)
    fitting = [each for each in places if not problems_of(_declaration({"applications": {"a": each}}))]
    return {f"a{number}": each for number, each in enumerate(fitting)}


def everything(response: Response, brought: Mapping[str, Secret]) -> Spec:
    """Answer a spec that names all that the node has, and the containers whose keys were *brought*, as PEM."""
    named_here = named(application_host(response))
    return load(_declaration({"applications": named_here, "key_containers": declared_containers(brought)}))


def declared_containers(brought: Mapping[str, Secret]) -> dict[str, dict[str, str]]:
    """Answer the containers whose keys were *brought* as the variable of a spec holds them."""
    return {name: {"private_key": key.reveal().decode()} for name, key in brought.items()}


def following(spec: Spec) -> tuple[Reading, ...]:
    """Answer the second questions; *spec* is `everything`."""
    moved = ProtectedSections(container="", sections=_USUALLY_MOVED)
    asked = replace(
        spec,
        applications={name: replace(each, protected_sections=moved) for name, each in spec.applications.items()},
        machine=Machine(level="root_web_config"),
    )
    return observation.questions(asked)


def joined(*answered: tuple[Iterable[Reading], Response]) -> Response:
    """Answer one response to all questions of several calls; a later answer counts."""
    found: dict[Reading, Any] = {}
    for questions, response in answered:
        for question in questions:
            try:
                found[question] = response.to(question, question.answer)
            except NodeError as error:
                found[question] = error
    return Response(list(found.items()))


def _declaration(value: Mapping[str, Any]) -> Declaration:
    return Declaration(host=RUN, value={**value})
