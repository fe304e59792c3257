"""Runs an ASP.NET farm: for every node a Mono FastCGI server with a web server before it, and a balancer before all.

One nginx plays the balancer and every node's web server. All of it listens on unix sockets in a directory of its own:
no port can be taken by somebody else. Every process is ended by its own handle when the farm's context ends.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

APPLICATION = "/portal"
BALANCER = "balancer"

_PACKAGES = {"fastcgi-mono-server4": "mono-fastcgi-server4", "nginx": "nginx-light"}  # by program, Debian's names
# nginx is in sbin, which is not on every user's path.
_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])

_START_TIMEOUT = 60.0  # seconds; it takes 1 to 2 on an idle machine, most of it in the compiler
_ANSWER_TIMEOUT = 30.0
_STOP_TIMEOUT = 5.0
_POLL_INTERVAL = 0.05

_NGINX = """\
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log {directory}/nginx.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {directory}/body;
  fastcgi_temp_path {directory}/fastcgi;
  proxy_temp_path {directory}/proxy;
  scgi_temp_path {directory}/scgi;
  uwsgi_temp_path {directory}/uwsgi;
  upstream nodes {{
{upstreams}
  }}
  server {{
    listen unix:{directory}/{balancer};
    location / {{
      proxy_pass http://nodes;
      proxy_next_upstream off;
    }}
  }}
{servers}
}}
"""

# A web server of its own for each node, because SCRIPT_FILENAME is a path on that node.
_SERVER = """\
  server {{
    listen unix:{directory}/{name};
    location {application}/ {{
      alias {root}/;
      fastcgi_pass unix:{directory}/{name}.mono;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param SCRIPT_NAME $uri;
      fastcgi_param SCRIPT_FILENAME $request_filename;
      fastcgi_param SERVER_PROTOCOL $server_protocol;
      fastcgi_param SERVER_NAME localhost;
      fastcgi_param SERVER_PORT 80;
      fastcgi_param REMOTE_ADDR 127.0.0.1;
    }}
  }}"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address of the farm answered; *cookie* is the one that it set, as NAME=VALUE, or empty."""

    status: int
    text: str
    cookie: str


class Farm:
    """A running farm. Its addresses are the names of the nodes and `BALANCER`, which takes the nodes in turn."""

    def __init__(self, roots: Mapping[str, Path], directory: Path) -> None:
        """Describe the farm of the applications in *roots*, by node, with its sockets in *directory* (a short path)."""
        self.roots = roots
        self._directory = directory
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def get(self, address: str, page: str, cookie: str = "") -> Answer:
        """Ask *address* for a page of the application. Raises `OSError` or `HTTPException` when nobody answers."""
        connection = _UnixConnection(self._directory / address)
        try:
            connection.request("GET", f"{APPLICATION}/{page}", headers={"Cookie": cookie} if cookie else {})
            response = connection.getresponse()
            set_cookie = response.getheader("Set-Cookie") or ""
            return Answer(response.status, response.read().decode(), set_cookie.partition(";")[0])
        finally:
            connection.close()

    def starts(self) -> dict[str, str]:
        """Return for each node an identifier that is new whenever its application has started again."""
        return {node: self.get(node, "login.ashx").text for node in self.roots}

    def recycle(self) -> None:
        """End every node's process and start another, as recycling the application pools does.

        Mono also starts an application again by itself when its web.config changes, but a request that comes in that
        moment may never be answered (measured on 6.8: after 2 of 40 changes). Tests that ask must not depend on it.
        """
        for node in self.roots:
            _stop(self._processes.pop(node))
        self._start_nodes()

    def start(self) -> None:
        """Start every process; return when every application has been compiled and answers."""
        self._start_nginx()
        self._start_nodes()

    def stop(self) -> None:
        """End every process that was started."""
        with ExitStack() as stack:
            for process in self._processes.values():
                stack.callback(_stop, process)

    def _start_nodes(self) -> None:
        for node in self.roots:
            self._start_node(node)
        for node in self.roots:
            self._await_answer(node)

    def _start_node(self, node: str) -> None:
        listening = self._directory / f"{node}.mono"
        listening.unlink(missing_ok=True)
        # Mono keeps generated keys in a registry below HOME: as on real nodes, each has its own and keeps it.
        home = self._directory / f"{node}.home"
        home.mkdir(exist_ok=True)
        environment = {"PATH": _PATH, "HOME": str(home), "TMPDIR": str(home), "TZ": "UTC", "NODE": node}
        application = f"--applications={APPLICATION}:{self.roots[node]}"
        self._launch(node, ["fastcgi-mono-server4", f"--socket=unix:{listening}", application], environment)

    def _start_nginx(self) -> None:
        directory = self._directory
        upstreams = "\n".join(f"    server unix:{directory}/{node} max_fails=0;" for node in self.roots)
        servers = "\n".join(
            _SERVER.format(directory=directory, name=node, application=APPLICATION, root=root)
            for node, root in self.roots.items()
        )
        configuration = directory / "nginx.conf"
        configuration.write_text(
            _NGINX.format(directory=directory, balancer=BALANCER, upstreams=upstreams, servers=servers)
        )
        command = ["nginx", "-e", str(directory / "nginx.log"), "-c", str(configuration)]
        self._launch(BALANCER, command, {"PATH": _PATH})

    def _launch(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        program = shutil.which(command[0], path=_PATH)
        assert program is not None, f"{command[0]} is not installed"
        with self._log(name).open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [program, *command[1:]],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _await_answer(self, node: str) -> None:
        deadline = time.monotonic() + _START_TIMEOUT
        seen: object = None
        while time.monotonic() < deadline:
            for name in (node, BALANCER):
                assert self._processes[name].poll() is None, f"{name} has ended: {self._log(name).read_text()}"
            try:
                answer = self.get(node, "login.ashx")
            except (OSError, HTTPException) as error:
                seen = error
            else:
                if answer.status == 200:
                    return
                seen = answer
            time.sleep(_POLL_INTERVAL)
        raise AssertionError(f"{node} has not started its application; last seen: {seen}")

    def _log(self, name: str) -> Path:
        return self._directory / f"{name}.log"


@contextmanager
def running_farm(roots: Mapping[str, Path]) -> Iterator[Farm]:
    """Start a farm whose nodes serve the application in the directory that *roots* names for each."""
    # Not pytest's tmp_path: the path of a unix socket holds 107 bytes.
    with tempfile.TemporaryDirectory(prefix="farm-") as directory:
        farm = Farm(roots, Path(directory))
        try:
            farm.start()
            yield farm
        finally:
            farm.stop()


def missing_packages() -> list[str]:
    """Return the Debian packages without which no farm can run here."""
    return [package for program, package in _PACKAGES.items() if shutil.which(program, path=_PATH) is None]


class _UnixConnection(HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_ANSWER_TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
