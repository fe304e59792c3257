"""What a node answered to the questions about a spec, one by one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from keydeploy.errors import NodeError
from keydeploy.node.contract import Answer, Reading, Response
from keydeploy.observation import questions
from keydeploy.spec.model import Spec

Q = TypeVar("Q")
A = TypeVar("A", bound=Answer)


@dataclass(frozen=True, slots=True, repr=False)
class Answers:
    """The *response* of a node that was asked about *spec*."""

    spec: Spec
    response: Response

    def to(self, question: Reading, kind: type[A]) -> A | None:
        """Answer what the node answered to *question*, None where it could not, or was not asked."""
        try:
            return self.response.to(question, kind)
        except NodeError:
            return None

    def all_to(self, questions_of: type[Q], kind: type[A]) -> Iterator[tuple[Q, A]]:
        """Yield the questions of one kind with their answers; those that the node could not answer are left out."""
        for question in questions(self.spec):
            if isinstance(question, questions_of):
                found = self.to(question, kind)
                if found is not None:
                    yield question, found

    def failures(self) -> Iterator[tuple[Reading, NodeError]]:
        """Yield the questions that the node could not answer, with the reasons."""
        for question in questions(self.spec):
            try:
                self.response.to(question, question.answer)
            except NodeError as error:
                yield question, error
