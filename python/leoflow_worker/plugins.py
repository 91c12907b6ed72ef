"""What plugins bring: how Airflow's API lists them, and which of their web applications can be served."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# As Airflow reserves them (importing its API server for the list takes two seconds), and the files of its UI.
RESERVED_PREFIXES = ("/api/v2", "/ui", "/execution", "/auth", "/pluginsv2", "/static")


def describe() -> dict[str, Any]:
    """Loads the plugins anew.

    Returns:
        plugins: As in Airflow's API, by name.
        import_errors: source and error of each.
        prefixes: Paths below which plugins serve applications.
        warnings: What the authors of plugins should know, a line each.
    """
    from airflow import plugins_manager
    from airflow.api_fastapi.core_api.datamodels.plugins import PluginResponse
    from pydantic import ValidationError

    plugins, warnings = [], []
    for info in sorted(plugins_manager.get_plugin_info(), key=lambda info: info["name"]):
        try:
            plugins.append(PluginResponse.model_validate(info).model_dump(mode="json"))
        except ValidationError as error:
            warnings.append(f"plugin '{info['name']}' is not listed: {error}")
    errors = [{"source": source, "error": error} for source, error in plugins_manager.get_import_errors().items()]
    prefixes = [prefix for prefix, _ in applications(warnings)]
    return {
        "plugins": plugins,
        "import_errors": errors + list(_partly_used(plugins_manager._get_plugins()[0])),
        "prefixes": prefixes,
        "warnings": warnings,
    }


def applications(warnings: list[str]) -> list[tuple[str, Any]]:
    """Finds the FastAPI applications of all plugins.

    Args:
        warnings: Told of those that are not served.

    Returns:
        Their prefixes and the applications.
    """
    from airflow import plugins_manager

    found: dict[str, Any] = {}
    for entry in plugins_manager.get_fastapi_plugins()[0]:
        name, app = entry.get("name"), entry.get("app")
        prefix = str(entry.get("url_prefix") or "").rstrip("/")
        if app is None:
            warnings.append(f"the FastAPI app '{name}' of a plugin has no 'app'")
        elif not prefix.startswith("/"):
            warnings.append(f"the FastAPI app '{name}' of a plugin needs a 'url_prefix' such as '/{name}'")
        elif prefix.startswith(RESERVED_PREFIXES):
            warnings.append(f"the FastAPI app '{name}' of a plugin wants the reserved url_prefix '{prefix}'")
        elif prefix in found:
            warnings.append(f"the FastAPI app '{name}' of a plugin has the url_prefix '{prefix}' of another one")
        else:
            found[prefix] = app
    return list(found.items())


def _partly_used(plugins: list[Any]) -> Iterator[dict[str, str]]:
    for plugin in plugins:
        source = str(plugin.source or plugin.name)
        if plugin.flask_blueprints or plugin.appbuilder_views:
            yield {
                "source": source,
                "error": f"Leoflow does not serve the flask_blueprints and appbuilder_views of plugin '{plugin.name}', "
                "which are of Airflow 2; the rest of it works. Use fastapi_apps, external_views or react_apps.",
            }
        if plugin.fastapi_root_middlewares:
            yield {
                "source": source,
                "error": f"Leoflow runs the fastapi_root_middlewares of plugin '{plugin.name}' around the fastapi_apps "
                "of plugins only: its own API and pages are not in Python.",
            }
