"""All that explain knows, each error in one place."""

from keydeploy.explain.codes import BY_NAME
from keydeploy.explain.entries import (
    access,
    bindings,
    certificates,
    containers,
    core_key_ring,
    machine_keys,
    processes,
    profiles,
    providers,
    sections,
    session_cookies,
    smart_cards,
    terse,
    view_state,
)

ENTRIES = (
    *containers.ENTRIES,
    *access.ENTRIES,
    *providers.ENTRIES,
    *profiles.ENTRIES,
    *bindings.ENTRIES,
    *certificates.ENTRIES,
    *session_cookies.ENTRIES,
    *view_state.ENTRIES,
    *machine_keys.ENTRIES,
    *core_key_ring.ENTRIES,
    *sections.ENTRIES,
    *smart_cards.ENTRIES,
    *terse.ENTRIES,
    *processes.ENTRIES,
)
BY_ID = {entry.id: entry for entry in ENTRIES}
OF_CODE = {BY_NAME[name].value: entry for entry in ENTRIES for name in entry.codes}
OF_WIF_ID = {name: entry for entry in ENTRIES for name in entry.ids}
OF_EVENT = {event.id: entry for entry in ENTRIES for event in entry.events}

__all__ = ["BY_ID", "ENTRIES", "OF_CODE", "OF_EVENT", "OF_WIF_ID"]
