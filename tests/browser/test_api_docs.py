"""The pages of the REST API's description, without a network."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect


@pytest.mark.parametrize(("path", "shown"), [("docs", "/api/v2/dags/{dag_id}"), ("redoc", "Get Dag Details")])
def test_the_description_of_the_rest_api_is_shown(guest, path, shown):
    guest.page.goto(f"{guest.url}/{path}")
    if path == "docs":
        guest.page.get_by_text("DAG", exact=True).first.click()
    expect(guest.page.get_by_text(shown, exact=True).first).to_be_visible()
    guest.picture(f"api_{path}")
    guest.settle()
