#!/usr/bin/env bash
# Runs the fast tests with the oldest version of everything that pyproject.toml allows, in an environment of its own. Once in
# a while, and whenever a bound changes: the versions are chosen anew each time, with the oldest Python that is supported.
set -eu
cd "$(dirname "$0")/.."

python=${1:-python3}
folder=.cache/floors
uv=.cache/supply/bin/uv

rm -rf "$folder"
"$python" -m venv "$folder"
UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX-$("$python" -m pip config get global.index-url 2>/dev/null || true)} \
  "$uv" pip compile --quiet --no-config --python "$folder/bin/python" --resolution lowest-direct --generate-hashes \
  --no-emit-index-url --extra dev --extra evtx --extra psrp --output-file "$folder/floors.lock" pyproject.toml
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement "$folder/floors.lock"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
# One process: the names of some tests hold keys that are made anew in each.
make --no-print-directory unit BIN="$folder/bin" INSTALLED= WORKERS=0
"$folder/bin/python" -c '
import importlib.metadata, re, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
for name in sorted({re.match(r"[\w.-]+", text)[0] for text in project["dependencies"] + project["optional-dependencies"]["dev"]}):
    print(f"{name} {importlib.metadata.version(name)}")'
