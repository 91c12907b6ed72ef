"""Volumes: folders of this machine with what a pod is to find in them."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

from ..api import Object, Refused
from .fields import field
from .missing import NotYet

if TYPE_CHECKING:
    from .pod import Pod


def make_volumes(pod: Pod) -> dict[str, pathlib.Path]:
    """Makes the volumes of a pod; returns their folders by name.

    Raises:
        NotYet: something that is to be in one is missing, or the pod is to be stuck.
    """
    if pod.kubelet.faults.of(pod.manifest) == "stuck":
        raise NotYet("it is to be stuck")
    made = {}
    for volume in pod.manifest["spec"].get("volumes", []):
        folder = pod.folder / "volumes" / volume["name"]
        if "hostPath" in volume:
            folder = pathlib.Path(volume["hostPath"]["path"])
        elif "emptyDir" in volume:
            folder.mkdir(parents=True, exist_ok=True)
        else:
            _fill(pod, folder, volume)
        made[volume["name"]] = folder
    return made


def _fill(pod: Pod, folder: pathlib.Path, volume: Object) -> None:
    kind = next(key for key in volume if key != "name")
    sources = volume["projected"].get("sources", []) if kind == "projected" else [{kind: volume[kind]}]
    for source in sources:
        for path, content in _files(pod, source).items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            file.chmod(volume[kind].get("defaultMode", 0o644))


def _files(pod: Pod, source: Object) -> dict[str, bytes]:
    """Returns the files of one source by their paths in the volume."""
    (kind,) = source
    given = source[kind]
    if kind == "secret":
        name = given.get("secretName") or given["name"]
        return _chosen(pod.sources.secret(name, given.get("optional", False)), given, "secret")
    if kind == "configMap":
        return _chosen(pod.sources.config_map(given["name"], given.get("optional", False)), given, "config")
    if kind == "serviceAccountToken":
        return {given["path"]: _token(pod, given).encode()}
    if kind == "downwardAPI" and all("fieldRef" in item for item in given.get("items", [])):
        return {
            item["path"]: field(pod.manifest, pod.address, item["fieldRef"]["fieldPath"]).encode()
            for item in given.get("items", [])
        }
    raise NotYet(f"volumes of the kind {kind} are not simulated")


def _chosen(values: dict[str, bytes], given: Object, kind: str) -> dict[str, bytes]:
    """Returns the keys that a volume asks for, under the paths that it gives them; all if it names none."""
    if "items" not in given:
        return values
    for item in given["items"]:
        if item["key"] not in values and not given.get("optional"):
            raise NotYet(f"references non-existent {kind} key: {item['key']}")
    return {item["path"]: values[item["key"]] for item in given["items"] if item["key"] in values}


def _token(pod: Pod, given: Object) -> str:
    """Returns a token of the pod's service account, which is good as long as the pod is there."""
    bound = {"kind": "Pod", "apiVersion": "v1", "name": pod.name, "uid": pod.uid}
    spec = {"boundObjectRef": bound, "expirationSeconds": given.get("expirationSeconds", 3600)}
    spec["audiences"] = [given["audience"]] if given.get("audience") else []
    account = pod.manifest["spec"].get("serviceAccountName", "default")
    pod.kubelet.faults.await_online()
    try:
        path = f"/api/v1/namespaces/{pod.namespace}/serviceaccounts/{account}/token"
        return pod.kubelet.api.create(path, {"spec": spec})["status"]["token"]
    except (OSError, Refused) as error:
        raise NotYet(f"failed to fetch token: {error}") from None
