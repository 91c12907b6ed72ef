"""Logging in and out, which a browser does: the client follows to a page."""

from __future__ import annotations

from airflow_client.client import LoginApi
from recorder import Recorder


def play(recorder: Recorder) -> None:
    """Goes to the page where people log in, and out of the session."""
    login = recorder.of(LoginApi)
    login.login()
    login.login(next="https://elsewhere.example")
    login.logout()
