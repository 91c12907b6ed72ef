"""Serves the FastAPI applications of plugins to the Leoflow server, which passes requests on and says who sent them.

Run with the listening Unix socket as descriptor 3. Ends when its standard input does: with the server.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import Any

from leoflow_worker.plugins import applications

_LISTENER = 3
log = logging.getLogger(__name__)


def make_app() -> Any:
    """Puts the applications of all plugins below their prefixes, inside the middlewares of the plugins."""
    from airflow import plugins_manager
    from airflow.api_fastapi.app import create_auth_manager
    from airflow.api_fastapi.core_api.security import get_user
    from fastapi import FastAPI

    root = FastAPI(title="Plugins", openapi_url=None)
    manager, user = create_auth_manager(), _make_user_dependency()
    warnings: list[str] = []
    for prefix, app in applications(warnings):
        root.mount(prefix, app)
        if isinstance(app, FastAPI):
            # So Airflow's GetUserDep and requires_access_*() work: the server has checked who it is.
            app.dependency_overrides[get_user] = user
            app.state.auth_manager = manager
    for entry in plugins_manager.get_fastapi_plugins()[1]:
        if callable(entry.get("middleware")):
            root.add_middleware(entry["middleware"], *entry.get("args", []), **entry.get("kwargs", {}))
        else:
            warnings.append(f"the root middleware '{entry.get('name')}' of a plugin cannot be called")
    for line in warnings:
        log.warning(line)
    return root


def _make_user_dependency() -> Callable[..., Any]:
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from fastapi import HTTPException, Request

    async def user_of_request(request) -> SimpleAuthManagerUser:  # type: ignore[no-untyped-def]
        name = request.headers.get("x-leoflow-user")
        if not name:
            raise HTTPException(401, "Not authenticated")
        return SimpleAuthManagerUser(username=name, role=request.headers.get("x-leoflow-role"))

    # FastAPI would look for the names of annotations in the module, which imports nothing before it is needed.
    user_of_request.__annotations__ = {"request": Request}
    return user_of_request


def _end_with_the_server() -> None:
    while os.read(0, 1):
        pass
    os._exit(0)


def main() -> None:
    """Serves until the server ends."""
    import uvicorn

    threading.Thread(target=_end_with_the_server, daemon=True).start()
    uvicorn.run(make_app(), fd=_LISTENER, log_level="warning", access_log=False, server_header=False)
