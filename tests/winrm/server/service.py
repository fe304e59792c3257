"""Runs the nodes: one port on many addresses, served by an event loop in a thread of its own."""

import asyncio
import errno
import socket
import ssl
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from .authentication import Security, known_to_ntlm
from .calls import Answering, Call, Script, Scripting
from .connections import Connection
from .nodes import Keeper, Node

_ATTEMPTS = 20
_BACKLOG = 100
_TIMEOUT = 30.0
KEPT = 200_000_000
"""Bytes that a server keeps of what crossed the wire: a farm of 200 nodes and four calls each."""


def addresses(count: int) -> list[str]:
    """Answer *count* addresses for nodes."""
    return [f"127.0.{1 + number // 250}.{1 + number % 250}" for number in range(count)]


class WinRmServer:
    """Serves *nodes* (addresses of 127.0.0.0/8) between `start` and `stop`, or as a context manager.

    *answering* is called with each module that Ansible runs and answers what the module prints; `scripting`, where it
    is set, likewise with each script of Ansible's own that runs no module, which are refused otherwise. Connections to
    *closed* addresses are refused. `stop` raises what has failed in between, `answering` included.
    """

    def __init__(
        self,
        nodes: Sequence[str],
        answering: Answering,
        security: Security,
        *,
        closed: Sequence[str] = (),
        kept: int = KEPT,
    ) -> None:
        self.port = 0
        self.security = security
        self.nodes = {address: Node(address, self._answer, self._failed) for address in nodes}
        self.scripting: Scripting | None = None
        self._answering = answering
        self._closed = closed
        self._keeper = Keeper(kept)
        self._errors: list[Exception] = []
        self._sockets: list[socket.socket] = []
        self._conversations: set[asyncio.Task[None]] = set()
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; return when every node can be reached."""
        with ExitStack() as stack:
            stack.enter_context(known_to_ntlm(self.security.account))
            self._sockets = _bind([*self.nodes, *self._closed])
            for bound in self._sockets:
                stack.enter_context(bound)
            self.port = self._sockets[0].getsockname()[1]
            # As many threads as nodes, because all of them may wait for the same moment.
            self._pool = stack.enter_context(ThreadPoolExecutor(len(self.nodes), "node"))
            self._loop = asyncio.new_event_loop()
            stack.callback(self._loop.close)
            self._loop.set_exception_handler(self._failed_in_loop)
            thread = threading.Thread(target=self._loop.run_forever, name="winrm")
            thread.start()
            stack.callback(thread.join, _TIMEOUT)
            stack.callback(self._loop.call_soon_threadsafe, self._loop.stop)
            stack.callback(lambda: self._run(self._close()))
            self._run(self._listen())
            self._resources = stack.pop_all()

    def stop(self) -> None:
        """Close all connections and wait for answers that are being made; raises what has failed."""
        self._resources.close()
        errors, self._errors = self._errors, []
        if errors:
            raise ExceptionGroup("the WinRM test server has failed", errors)

    def variables(self, node: str) -> dict[str, Any]:
        """Answer the variables of a host of Ansible that is *node*."""
        return {
            "ansible_connection": "winrm",
            "ansible_host": node,
            "ansible_port": self.port,
            "ansible_user": self.security.account.user,
            "ansible_password": self.security.account.password,
            "ansible_winrm_scheme": "https" if node in self.security.certificates else "http",
            "ansible_winrm_transport": self.security.authentication.name.lower(),
        }

    def _run(self, step: Coroutine[Any, Any, None]) -> None:
        """Run *step* in the thread of the loop and wait for it."""
        asyncio.run_coroutine_threadsafe(step, self._loop).result(_TIMEOUT)

    async def _listen(self) -> None:
        for node, bound in zip(self.nodes.values(), self._sockets, strict=False):  # those that are closed come last
            certificate = self.security.certificates.get(node.address)
            bound.listen(_BACKLOG)
            bound.setblocking(False)
            self._loop.add_reader(bound, self._accept, node, bound, certificate.context() if certificate else None)

    def _accept(self, node: Node, bound: socket.socket, context: ssl.SSLContext | None) -> None:
        try:
            accepted, _ = bound.accept()
        except OSError:  # the client has gone already
            return
        accepted.setblocking(False)
        unsealed = self.security.allow_unencrypted or context is not None
        door = self.security.door(node.address)
        connection = Connection(node, door, self._keeper, context, takes_unsealed=unsealed)
        task = self._loop.create_task(self._serve(connection, accepted))
        self._conversations.add(task)
        task.add_done_callback(self._conversations.discard)

    async def _serve(self, connection: Connection, accepted: socket.socket) -> None:
        try:
            await connection.serve(accepted)
        except Exception as error:  # the test learns it when the server stops
            self._failed(error)

    async def _answer(self, asked: Call | Script) -> bytes:
        return await self._loop.run_in_executor(self._pool, self._printed, asked)

    def _printed(self, asked: Call | Script) -> bytes:
        try:
            printed = self._answering(asked) if isinstance(asked, Call) else self._run_script(asked)
        except Exception as error:  # told here, because nobody waits for it once the command has been ended
            self._failed(error)
            raise
        return printed.encode() if isinstance(printed, str) else printed

    def _run_script(self, script: Script) -> str | bytes:
        if self.scripting is None:
            if script.name:
                raise ValueError(f"a script without a module: {script.name}")
            raise ValueError("no payload of Ansible's exec wrapper")
        return self.scripting(script)

    def _failed(self, error: Exception) -> None:
        if error not in self._errors:
            self._errors.append(error)

    def _failed_in_loop(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._failed(context.get("exception") or RuntimeError(context["message"]))

    async def _close(self) -> None:
        for bound in self._sockets:
            self._loop.remove_reader(bound)
        await asyncio.sleep(0)  # every task has begun, and so will close its connection
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # transports close their sockets


def _bind(wanted: Sequence[str]) -> list[socket.socket]:
    """Bind every address to one port that is free on all of them."""
    for _ in range(_ATTEMPTS):
        with ExitStack() as stack:
            port, sockets = 0, []
            try:
                for address in wanted:
                    bound = stack.enter_context(socket.socket())
                    bound.bind((address, port))
                    port = bound.getsockname()[1]
                    sockets.append(bound)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                stack.pop_all()
                return sockets
    raise AssertionError(f"no port is free on {len(wanted)} addresses")
