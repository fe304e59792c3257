"""Who may use a private key: from accounts to the access list of a container, and what differs.

A key is for SYSTEM, for Administrators and for the readers that are declared, and for nobody else. Access lists are
compared by what they grant, not by their text: Windows writes the same right in several ways. Source: Microsoft
Learn, "Security Descriptor String Format", "SID Strings" and "ACE Strings".
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from keydeploy.edit import Difference

SYSTEM = "S-1-5-18"
ADMINISTRATORS = "S-1-5-32-544"

POOLS = "iis apppool\\"
"""Begins the names of the accounts of app pools; in lower case."""
_SID = re.compile(r"S-1(-[0-9]+)+", re.IGNORECASE)

_WELL_KNOWN = {
    "Everyone": "S-1-1-0",
    "SYSTEM": SYSTEM,
    "LOCAL SERVICE": "S-1-5-19",
    "NETWORK SERVICE": "S-1-5-20",
    "Authenticated Users": "S-1-5-11",
    "Administrators": ADMINISTRATORS,
    "Users": "S-1-5-32-545",
    "IIS_IUSRS": "S-1-5-32-568",
}
"""Accounts by their English names, which every Windows means by them; a node of another language knows others."""

_EVERYBODY = "everybody"
"""May use a key that has no access list."""

ALL_WORKERS = frozenset(_WELL_KNOWN[name] for name in ("Everyone", "Authenticated Users", "Users", "IIS_IUSRS"))
"""Groups that the workers of all app pools belong to."""

_PREFIXES = ("nt authority\\", "builtin\\")
_OTHER_NAMES = {"localsystem": SYSTEM, "localservice": "S-1-5-19", "networkservice": "S-1-5-20", "iusr": "S-1-5-17"}

_ALIASES = {
    "SY": (SYSTEM, "SYSTEM"),
    "BA": (ADMINISTRATORS, "Administrators"),
    "BU": ("S-1-5-32-545", "Users"),
    "BG": ("S-1-5-32-546", "Guests"),
    "PU": ("S-1-5-32-547", "Power Users"),
    "AO": ("S-1-5-32-548", "Account Operators"),
    "SO": ("S-1-5-32-549", "Server Operators"),
    "PO": ("S-1-5-32-550", "Print Operators"),
    "BO": ("S-1-5-32-551", "Backup Operators"),
    "RE": ("S-1-5-32-552", "Replicator"),
    "RU": ("S-1-5-32-554", "Pre-Windows 2000 Compatible Access"),
    "RD": ("S-1-5-32-555", "Remote Desktop Users"),
    "NO": ("S-1-5-32-556", "Network Configuration Operators"),
    "MU": ("S-1-5-32-558", "Performance Monitor Users"),
    "LU": ("S-1-5-32-559", "Performance Log Users"),
    "IS": ("S-1-5-32-568", "IIS_IUSRS"),
    "CY": ("S-1-5-32-569", "Cryptographic Operators"),
    "ER": ("S-1-5-32-573", "Event Log Readers"),
    "CD": ("S-1-5-32-574", "Certificate Service DCOM Access"),
    "RA": ("S-1-5-32-575", "RDS Remote Access Servers"),
    "ES": ("S-1-5-32-576", "RDS Endpoint Servers"),
    "MS": ("S-1-5-32-577", "RDS Management Servers"),
    "HA": ("S-1-5-32-578", "Hyper-V Administrators"),
    "AA": ("S-1-5-32-579", "Access Control Assistance Operators"),
    "RM": ("S-1-5-32-580", "Remote Management Users"),
    "WD": ("S-1-1-0", "Everyone"),
    "CO": ("S-1-3-0", "CREATOR OWNER"),
    "CG": ("S-1-3-1", "CREATOR GROUP"),
    "OW": ("S-1-3-4", "OWNER RIGHTS"),
    "NU": ("S-1-5-2", "NETWORK"),
    "IU": ("S-1-5-4", "INTERACTIVE"),
    "SU": ("S-1-5-6", "SERVICE"),
    "AN": ("S-1-5-7", "ANONYMOUS LOGON"),
    "ED": ("S-1-5-9", "ENTERPRISE DOMAIN CONTROLLERS"),
    "PS": ("S-1-5-10", "SELF"),
    "AU": ("S-1-5-11", "Authenticated Users"),
    "RC": ("S-1-5-12", "RESTRICTED"),
    "LS": ("S-1-5-19", "LOCAL SERVICE"),
    "NS": ("S-1-5-20", "NETWORK SERVICE"),
    "WR": ("S-1-5-33", "WRITE RESTRICTED"),
    "UD": ("S-1-5-84-0-0-0-0-0", "USER MODE DRIVERS"),
    "AC": ("S-1-15-2-1", "ALL APPLICATION PACKAGES"),
    "AS": ("S-1-18-1", "Authentication authority asserted identity"),
    "SS": ("S-1-18-2", "Service asserted identity"),
}
"""What Windows writes in place of SIDs that are the same everywhere, and what it calls their accounts in English."""

_OF_DOMAIN = {
    "LA": (500, "Administrator"),
    "LG": (501, "Guest"),
    "RO": (498, "Enterprise Read-only Domain Controllers"),
    "DA": (512, "Domain Admins"),
    "DU": (513, "Domain Users"),
    "DG": (514, "Domain Guests"),
    "DC": (515, "Domain Computers"),
    "DD": (516, "Domain Controllers"),
    "CA": (517, "Cert Publishers"),
    "SA": (518, "Schema Admins"),
    "EA": (519, "Enterprise Admins"),
    "PA": (520, "Group Policy Creator Owners"),
    "CN": (522, "Cloneable Domain Controllers"),
    "AP": (525, "Protected Users"),
    "KA": (526, "Key Admins"),
    "EK": (527, "Enterprise Key Admins"),
    "RS": (553, "RAS and IAS Servers"),
}
"""What it writes in place of SIDs of its own domain or machine: their last number, and the account."""

_NAMES = {**dict(_ALIASES.values()), **{alias: name for alias, (_, name) in _OF_DOMAIN.items()}}
_DOMAIN = "S-1-5-21-"

_LIST = re.compile(r"D:([A-Z_]*?)(\(.*?\))?(?:S:[A-Z_]*(?:\(.*)?)?\Z")
_UNLIMITED = "NO_ACCESS_CONTROL"
_ENTRY = re.compile(r"\(([A-Z]+);([A-Z]*);([^;()]*);[^;()]*;[^;()]*;([^;()]*)")
_CONDITIONAL = ("X", "Z")
"""Begin the kinds of entries that hold under a condition alone."""
_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]+|[0-9]+")
_RIGHTS = {
    "GA": 0x10000000,
    "GX": 0x20000000,
    "GW": 0x40000000,
    "GR": 0x80000000,
    "RC": 0x20000,
    "SD": 0x10000,
    "WD": 0x40000,
    "WO": 0x80000,
    "FA": 0x1F01FF,
    "FR": 0x120089,
    "FW": 0x120116,
    "FX": 0x1200A0,
    "KA": 0xF003F,
    "KR": 0x20019,
    "CC": 0x1,
    "DC": 0x2,
    "LC": 0x4,
    "SW": 0x8,
    "RP": 0x10,
    "WP": 0x20,
    "DT": 0x40,
    "LO": 0x80,
    "CR": 0x100,
}
_GENERIC_ALL, _GENERIC_WRITE, _GENERIC_READ, _READ_DATA = 0x10000000, 0x40000000, 0x80000000, 0x1
_UNKNOWN = _GENERIC_WRITE
"""Stands for rights that cannot be read: they are none for reading alone."""
_ALL = 0x1F019B
"""What .NET's CryptoKeyRights calls FullControl: a file's rights without those to a folder's content."""
_READING = _GENERIC_READ | 0x120089 | 0x100
"""All that reading a key may comprise. Windows answers the generic right beside those of a file. With 0x100, the right
to write the attributes of a file, nobody gets at a key."""

Right = Literal["full", "read", "other"]
_READ: Right = "read"
_WORDS = {"full": "full access", "read": "read access only"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one entry of an access list says of one account."""

    sid: str
    """Where Windows wrote it so, the two letters for an account of the node's own domain, such as `DU`."""
    denies: bool
    rights: int
    """A mask of Windows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """How accounts are called: what was declared or seen, by SID."""

    by_sid: Mapping[str, str]

    def of(self, sid: str) -> str:
        """Answer the name of *sid*, itself where nobody knows one."""
        return self.by_sid.get(sid) or _NAMES.get(sid) or sid


def pool_account(pool: str) -> str:
    """Answer the name of the account of the app pool *pool*."""
    return f"IIS AppPool\\{pool}"


def pool_sid(pool: str) -> str:
    """Answer the SID of the account of an app pool: computed, so that the pool need not have run.

    Five numbers out of the SHA-1 of the name in lower case; seen against DefaultAppPool's well-known SID.
    """
    digest = hashlib.sha1(pool.lower().encode("utf-16-le"), usedforsecurity=False).digest()
    numbers = (int.from_bytes(digest[start : start + 4], "little") for start in range(0, 20, 4))
    return "-".join(["S-1-5-82", *map(str, numbers)])


def known_sid(account: str) -> str | None:
    """Answer the SID of *account* where no node need be asked: a SID, an app pool's or a well-known account."""
    if _SID.fullmatch(account):
        return account.upper()
    name = account.lower()
    if name.startswith(POOLS):
        return pool_sid(account[len(POOLS) :])
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    well_known = {each.lower(): sid for each, sid in _WELL_KNOWN.items()} | _OTHER_NAMES
    return well_known.get(name)


def sddl(readers: Iterable[str]) -> str:
    """Answer the exact access list that lets *readers* (SIDs) use a key, and nothing is inherited."""
    others = sorted({*readers} - {SYSTEM, ADMINISTRATORS})
    return "D:P(A;;GA;;;SY)(A;;GA;;;BA)" + "".join(f"(A;;GR;;;{sid})" for sid in others)


def listed(readers: Iterable[str], names: Names) -> str:
    """Answer the names of all who may use a key that *readers* (SIDs) may use."""
    return ", ".join(_sorted_names({*readers, SYSTEM, ADMINISTRATORS}, names))


def readers(descriptor: str | None, names: Names) -> tuple[str, ...]:
    """Answer the names of all who may use a key that has *descriptor* (SDDL), sorted; nobody's where there is none."""
    access = None if descriptor is None else _access_list(descriptor)
    if access is None:
        return () if descriptor is None else (_EVERYBODY,)
    return tuple(_sorted_names(_granted(_entries(access)), names))


def entries(descriptor: str) -> tuple[Entry, ...]:
    """Read the access list of *descriptor* (SDDL); an entry that is for what lies below alone says nothing of a key."""
    return tuple(_entries(_access_list(descriptor) or ""))


def differences(descriptor: str | None, readers: Iterable[str], names: Names) -> tuple[Difference, ...]:
    """Answer in what the access that *descriptor* (SDDL) grants differs from that of *readers* (SIDs)."""
    wanted: dict[str, Right] = dict.fromkeys(readers, _READ)
    wanted |= {SYSTEM: "full", ADMINISTRATORS: "full"}
    access = None if descriptor is None else _access_list(descriptor)
    if access is None:
        found = "unknown" if descriptor is None else "no limits"
        return (Difference("key readers", found, ", ".join(_sorted_names(wanted, names))),)
    present = [replace(entry, sid=_meant(entry.sid, wanted)) for entry in _entries(access)]
    granted = _granted(present)
    changes = [f"add {names.of(sid)}" for sid in _in_order({*wanted} - {*granted}, names)]
    changes += [f"remove {names.of(sid)}" for sid in _in_order({*granted} - {*wanted}, names)]
    changes += [
        f"give {names.of(sid)} {_WORDS[wanted[sid]]}"
        for sid in _in_order(wanted.keys() & granted.keys(), names)
        if granted[sid] != wanted[sid]
    ]
    denied = {entry.sid for entry in present if entry.denies}
    changes += [f"remove what denies {names.of(sid)}" for sid in _in_order(denied, names)]
    if not changes:
        return ()
    return (Difference("key readers", ", ".join(_sorted_names(granted, names)) or "nobody", ", ".join(changes)),)


def _access_list(descriptor: str) -> str | None:
    """Answer the entries of *descriptor*, as they are written; None where everybody has access."""
    found = _LIST.search(descriptor)
    return None if found is None or found[1] == _UNLIMITED else found[2] or ""


def _entries(access: str) -> Iterator[Entry]:
    for kind, flags, rights, account in _ENTRY.findall(access):
        if "IO" in [flags[start : start + 2] for start in range(0, len(flags), 2)]:
            continue
        sid = _ALIASES[account][0] if account in _ALIASES else account.upper()
        unsure = _UNKNOWN if kind.startswith(_CONDITIONAL) else 0
        yield Entry(sid=sid, denies="D" in kind, rights=_mask(rights) | unsure)


def _meant(sid: str, wanted: Iterable[str]) -> str:
    """Answer which of *wanted* is meant by *sid*, where it is short for an account of the node's domain."""
    if sid not in _OF_DOMAIN:
        return sid
    end = f"-{_OF_DOMAIN[sid][0]}"
    return next((each for each in wanted if each.startswith(_DOMAIN) and each.endswith(end)), sid)


def _granted(present: Iterable[Entry]) -> dict[str, Right]:
    """Answer what each account is allowed by all of its entries."""
    masks: dict[str, int] = {}
    for entry in present:
        if not entry.denies:
            masks[entry.sid] = masks.get(entry.sid, 0) | entry.rights
    return {sid: _right(mask) for sid, mask in masks.items()}


def _right(mask: int) -> Right:
    if mask & _GENERIC_ALL or mask & _ALL == _ALL:
        return "full"
    return "read" if mask & (_GENERIC_READ | _READ_DATA) and not mask & ~_READING else "other"


def _mask(text: str) -> int:
    if _NUMBER.fullmatch(text):
        return int(text, 16 if text[:2].lower() == "0x" else 10)
    mask = 0
    for start in range(0, len(text), 2):
        mask |= _RIGHTS.get(text[start : start + 2], _UNKNOWN)
    return mask


def _in_order(sids: Iterable[str], names: Names) -> list[str]:
    return sorted(sids, key=names.of)


def _sorted_names(sids: Iterable[str], names: Names) -> list[str]:
    return [names.of(sid) for sid in _in_order(sids, names)]
