"""The pages of the REST API's description, without a network."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect


@pytest.mark.parametrize("path", ["docs", "redoc"])
def test_the_description_of_the_rest_api_is_shown(guest, path):
    guest.page.goto(f"{guest.url}/{path}")
    expect(guest.page.get_by_role("heading", name="Airflow API").first).to_be_visible()
    guest.picture(f"api_{path}")
    guest.settle()
    guest.open("")  # who comes next is in the application again
