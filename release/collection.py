"""Writes a collection's archive anew so that nothing in it tells when, where and by whom it was built.

`ansible-galaxy` lists files in the order in which the file system answers, and its archive holds their times and the
time of the compression. What a file holds stays as it is; only the two lists of files are written again, sorted.
"""

import gzip
import hashlib
import io
import json
import tarfile
from typing import Any

LIST = "FILES.json"
"""Every file with its checksum."""
MANIFEST = "MANIFEST.json"
"""What the collection is, with the checksum of the list."""


def rewrite(archive: bytes, time: int) -> bytes:
    """Answer *archive*, a collection as `.tar.gz`, with everything in it sorted, of nobody, and from *time*.

    *time* is in seconds since 1970. Raises `tarfile.TarError` or `KeyError` where it is no collection.
    """
    with tarfile.open(fileobj=io.BytesIO(archive)) as source:
        members = {member.name: member for member in source if member.isfile() or member.isdir()}
        files = {name: _read(source, member) for name, member in members.items() if member.isfile()}
    listed = json.loads(files[LIST])
    listed["files"].sort(key=lambda entry: entry["name"])
    files[LIST] = _json(listed)
    manifest = json.loads(files[MANIFEST])
    manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(files[LIST]).hexdigest()
    files[MANIFEST] = _json(manifest)

    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as target:
        # The manifest and the list come first: `ansible-galaxy` reads them from there without unpacking the rest.
        for name in sorted(members, key=lambda name: (name not in {MANIFEST, LIST}, name)):
            member = _anonymous(members[name], time)
            member.size = len(files.get(name, b""))
            target.addfile(member, io.BytesIO(files[name]) if name in files else None)
    return _compress(plain.getvalue())


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    content = archive.extractfile(member)
    return content.read() if content else b""


def _json(value: Any) -> bytes:
    """Write *value* as `ansible-galaxy` does (ansible.galaxy.collection._build_collection_tar)."""
    return json.dumps(value, indent=True).encode()


def _anonymous(member: tarfile.TarInfo, time: int) -> tarfile.TarInfo:
    """Answer what the archive tells of a file: its name, whether it can be run, and *time*."""
    plain = tarfile.TarInfo(member.name)
    plain.type = member.type
    plain.mtime = time
    plain.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return plain


def _compress(content: bytes) -> bytes:
    compressed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=compressed, mtime=0) as stream:
        stream.write(content)
    return compressed.getvalue()
