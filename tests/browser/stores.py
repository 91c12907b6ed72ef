"""What is done with a store of states, that of a task or that of an asset: the pages are alike."""

from __future__ import annotations

from guest import Guest
from support import eventually


def add_edit_delete_and_clear(guest: Guest, name: str, store: str, choice: str | None = None) -> None:
    """Does all four on the page of a store.

    Args:
        guest: Is on the page.
        name: What the page calls the store.
        store: Its path in the API.
        choice: What is chosen, besides, for a value that is added.
    """
    dialog = guest.page.get_by_role("dialog")
    guest.button(f"Add {name}").click()
    dialog.get_by_role("textbox").first.fill("by_hand")
    guest.write("1")
    if choice:
        dialog.get_by_text(choice, exact=True).click()
    guest.confirm(f"Add {name}", "Save")
    eventually(lambda: guest.lite.request("GET", f"{store}/by_hand").status == 200, "it is there")
    assert guest.lite.get(f"{store}/by_hand").get("expires_at") is None
    guest.row("by_hand").get_by_role("button", name=f"Edit {name}").click()
    guest.write('{"b": 2}')
    guest.confirm(f"Edit {name}", "Save")
    eventually(lambda: guest.lite.get(f"{store}/by_hand")["value"] == {"b": 2}, "it is edited")
    guest.row("by_hand").get_by_role("button", name=f"Delete {name}").click()
    guest.confirm(f"Delete {name}", "Delete")
    eventually(lambda: guest.lite.request("GET", f"{store}/by_hand").status == 404, "it is gone")
    guest.button(f"Clear All {name}").click()
    guest.confirm(f"Clear All {name}", f"Clear All {name}")
    eventually(lambda: not guest.lite.get(store)["total_entries"], "nothing is left")
