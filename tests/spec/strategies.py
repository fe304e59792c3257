"""Legal declarations of every kind, for the laws.

Keys stand in them as `$name`; see `keys`. So they are read at a glance, and shrink fast.
"""

from typing import Any

from hypothesis import strategies as st

HEX = "0123456789abcdefABCDEF"
CONTENT = ("pfx", "certificate", "private_key", "password")
NAMES = st.from_regex(r"[A-Za-zÄÖÜß][\w .-]{0,11}", fullmatch=True)
DURATIONS = st.from_regex(r"[1-9][0-9]{0,2}(\.[0-9]{1,2})?(ms|s|m|h|d)", fullmatch=True)

DAYS = st.dates().map(str)
AGES = st.integers(1, 99999).map(lambda days: {"max_age": f"{days}d"})


def digits(*lengths: int) -> st.SearchStrategy[str]:
    return st.sampled_from(lengths).flatmap(lambda length: st.text(HEX, min_size=length, max_size=length))


MACHINE_KEYS = st.fixed_dictionaries(
    {"validation_key": digits(40, 64, 128), "decryption_key": digits(32, 48)},
    optional={
        "validation": st.sampled_from(["SHA1", "HMACSHA256", "HMACSHA384", "HMACSHA512"]),
        "decryption": st.sampled_from(["AES", "3DES", "Auto"]),
        "compatibility_mode": st.sampled_from(["Framework45", "Framework20SP2", "omit"]),
        "application_name": NAMES,
        "created": DAYS,
        "accept_disclosed": st.fixed_dictionaries({"reason": NAMES}, optional={"until": DAYS}),
    },
).flatmap(lambda key: st.just(key) | AGES.map(lambda age: key | age if "created" in key else key))
HEALTHS = st.fixed_dictionaries(
    {"url": st.sampled_from(["http://node/health", "https://10.0.0.1:8443/?x=%20"])},
    optional={"expect": st.integers(100, 599), "within": DURATIONS},
)
TOGETHER = {
    "margin": DURATIONS,
    "grace": DURATIONS,
    "lease": DURATIONS,
    "clock_drift_limit": DURATIONS,
    "health": HEALTHS,
    "require": st.just("all") | st.fixed_dictionaries({"all_but": st.lists(NAMES, max_size=3)}),
    "backups": st.fixed_dictionaries({}, optional={"keep": st.integers(1, 9), "for": DURATIONS}),
}
HOOKS = st.fixed_dictionaries({"tasks": st.just("balancer/drain.yml")}, optional={"wait": DURATIONS}) | (
    st.fixed_dictionaries(
        {"url": st.just("http://balancer/out?node=web1")},
        optional={
            "method": st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
            "expect": st.integers(100, 599),
            "within": DURATIONS,
            "wait": DURATIONS,
        },
    )
)
WAVES = st.fixed_dictionaries(
    {},
    optional={
        "canary": st.integers(1, 9),
        "fractions": st.sets(st.integers(1, 100), max_size=3).map(lambda parts: [f"{part}%" for part in sorted(parts)]),
        "pause": DURATIONS,
        "tolerate": st.integers(0, 9),
    },
)
ROLLOUTS = st.fixed_dictionaries({}, optional={"commit": st.just("together"), **TOGETHER}) | st.fixed_dictionaries(
    {"commit": st.just("waves")}, optional={"waves": WAVES, "drain": HOOKS, "undrain": HOOKS, **TOGETHER}
)
TIMEOUTS = st.integers(50, 60_000).map(lambda milliseconds: f"{milliseconds}ms")
SMART_CARDS = st.fixed_dictionaries(
    {
        "transaction_timeout": TIMEOUTS
        | st.fixed_dictionaries({"csp": TIMEOUTS}, optional={"ksp": TIMEOUTS})
        | st.fixed_dictionaries({"ksp": TIMEOUTS})
    }
)


ACCOUNTS = st.sampled_from(["IIS AppPool\\Portal", "CONTOSO\\portal", "NETWORK SERVICE", "S-1-5-32-545"])
ACCESS = {"readers": st.lists(ACCOUNTS, max_size=3), "exportable": st.booleans()}


def opened(name: str, text: str, opened_by: str = "password") -> dict[str, str]:
    """Answer how the key or PFX *text*, such as `$pem`, is declared by *name*."""
    is_open = not text.startswith(("$encrypted", "$pfx", "$renewed", "$other_pfx"))
    return {name: text} | ({} if is_open else {opened_by: "$password"})


def as_pem(certificate: str, key: str) -> dict[str, str]:
    return {"certificate": certificate, **opened("private_key", key)}


KEYS = (
    ("$pem", "$pkcs1", "$xml", "$encrypted_pem", "$encrypted_pkcs1", "$folded_pem"),
    ("$other_pem", "$other_xml"),
)
"""The ways in which two keys are written."""
CERTIFICATES = (
    [
        *(opened("pfx", name) for name in ("$pfx", "$pfx_again", "$open_pfx")),
        as_pem("$chain", "$session_pem"),
        as_pem("$reversed_chain", "$encrypted_session_pem"),
    ],
    [opened("pfx", "$renewed_pfx"), as_pem("$renewed_chain", "$session_pem")],
    [opened("pfx", "$other_pfx"), as_pem("$other_certificate", "$other_xml")],
)
"""The ways in which three certificates are written."""


@st.composite
def key_containers(draw: st.DrawFn) -> dict[str, Any]:
    current, previous = (draw(st.sampled_from(ways)) for ways in draw(st.permutations(KEYS)))
    before = opened("previous_key", previous, "previous_password") if draw(st.booleans()) else {}
    if draw(st.integers(0, 4)) == 0:
        return {"state": "absent", **before}
    others = {**ACCESS, "provider_type": st.sampled_from([24, 1]), "state": st.just("present")}
    return opened("private_key", current) | before | draw(st.fixed_dictionaries({}, optional=others))


@st.composite
def certificate_sets(draw: st.DrawFn) -> dict[str, Any]:
    """Answer some of three certificates by their names, and one that shall not be there."""
    names = draw(st.lists(NAMES, unique=True, min_size=4, max_size=4))
    others = {**ACCESS, "friendly_name": NAMES.filter(lambda name: name == name.strip()), "store": st.just("My")}
    found: dict[str, Any] = {names[3]: {"state": "absent", "thumbprint": draw(digits(40))}}
    for name, ways in zip(names, CERTIFICATES, strict=False):
        found[name] = draw(st.sampled_from(ways)) | draw(st.fixed_dictionaries({}, optional=others))
    return {name: found[name] for name in draw(st.lists(st.sampled_from(names), unique=True))}


def present(things: dict[str, Any]) -> list[str]:
    return sorted(name for name, thing in things.items() if thing.get("state") != "absent")


def readable(whole: dict[str, Any], *, in_iis: bool) -> list[str]:
    """Answer the containers with which sections may be encrypted; only in IIS keydeploy knows who must decrypt them."""
    containers = whole["key_containers"]
    return [name for name in present(containers) if in_iis or containers[name].get("readers")]


@st.composite
def protected_sections(draw: st.DrawFn, containers: list[str]) -> dict[str, Any]:
    sections = st.sampled_from(["connectionStrings", "appSettings", "machineKey", "system.web/machineKey"])
    return draw(
        st.fixed_dictionaries(
            {"container": st.sampled_from(containers), "sections": st.lists(sections, min_size=1, max_size=3)},
            optional={
                "provider": st.just("Portal"),
                "cipher": st.sampled_from(["aes256", "3des"]),
                "key_wrap": st.sampled_from(["oaep", "rsa1_5"]),
            },
        )
    )


APP_POOLS = st.fixed_dictionaries(
    {"load_user_profile": st.booleans()},
    optional={"set_profile_environment": st.booleans(), "identity": st.sampled_from(["LocalSystem", "CONTOSO\\x"])},
)


@st.composite
def applications(draw: st.DrawFn, index: int, whole: dict[str, Any]) -> dict[str, Any]:
    """Answer an application that uses what *whole* declares."""
    keys, named = sorted(whole["machine_keys"]), present(whole["certificates"])
    in_iis = draw(st.booleans())
    containers = readable(whole, in_iis=in_iis)
    found: dict[str, Any] = (
        {"site": "Default Web Site", "path": f"/{index}"} if in_iis else {"web_config": f"C:\\{index}\\web.config"}
    )
    if keys:
        found["machine_key"] = draw(st.sampled_from(keys))
    if draw(st.booleans()) and named:
        found["session_tokens"] = {"certificate": draw(st.sampled_from(named))}
    elif draw(st.booleans()) and keys:
        found["session_tokens"] = {"machine_key": found["machine_key"]}
    if draw(st.booleans()) and containers:
        found["protected_sections"] = draw(protected_sections(containers))
    return found | ({"app_pool": draw(APP_POOLS)} if in_iis and draw(st.booleans()) else {})


@st.composite
def bindings(draw: st.DrawFn, named: list[str]) -> list[dict[str, Any]]:
    optional = {
        "host": st.sampled_from(["", "portal.example"]),
        "port": st.sampled_from([443, 8443]),
        "address": st.sampled_from(["*", "10.0.0.1"]),
        "sni": st.booleans(),
    }
    one = st.fixed_dictionaries({"site": st.just("Portal"), "certificate": st.sampled_from(named)}, optional=optional)
    defaults = {"host": "", "port": 443, "address": "*"}
    return draw(
        st.lists(one, max_size=3, unique_by=lambda each: tuple(each.get(name, defaults[name]) for name in defaults))
    )


@st.composite
def machines(draw: st.DrawFn, whole: dict[str, Any]) -> dict[str, Any] | None:
    """Answer what is declared for the machine; nothing where there is nothing to declare."""
    keys, containers = sorted(whole["machine_keys"]), readable(whole, in_iis=False)
    found = {"machine_key": draw(st.sampled_from(keys))} if keys else {}
    if containers and (not found or draw(st.booleans())):
        found["protected_sections"] = draw(protected_sections(containers))
    runtimes = st.lists(st.sampled_from(["v2.0", "v4.0"]), min_size=1, max_size=3)
    others = st.fixed_dictionaries(
        {"level": st.sampled_from(["root_web_config", "machine_config"])}, optional={"runtimes": runtimes}
    )
    return found | draw(others) if found else None


@st.composite
def valid_specs(draw: st.DrawFn) -> dict[str, Any]:
    names = st.lists(NAMES, unique_by=str.lower, max_size=2)
    whole: dict[str, Any] = {
        "machine_keys": draw(st.dictionaries(NAMES, MACHINE_KEYS, max_size=3)),
        "key_containers": {name: draw(key_containers()) for name in draw(names)} if draw(st.booleans()) else {},
        "certificates": draw(certificate_sets()) if draw(st.booleans()) else {},
    }
    named, machine = present(whole["certificates"]), draw(machines(whole))
    others: dict[str, Any] = {
        "farm": draw(NAMES),
        "applications": {
            name: draw(applications(index, whole))
            for index, name in enumerate(draw(st.lists(NAMES, unique=True, max_size=3)))
        },
        "smart_cards": draw(SMART_CARDS),
        "rollout": draw(ROLLOUTS),
        **({"bindings": draw(bindings(named))} if named else {}),
        **({"machine": machine} if machine else {}),
    }
    return whole | {name: value for name, value in others.items() if draw(st.booleans())}
