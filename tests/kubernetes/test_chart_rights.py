"""What the chart allows its server: what the code does, and no more."""

from __future__ import annotations

import pathlib
import re

import pytest
from bed.api import Api
from bed.bed import Bed
from chart import WARM, apply_rights, may
from pods import Namespace
from support import ROOT

_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_NEEDED = {(verb, "pods") for verb in ("create", "delete", "get", "list", "watch")}
_WARM = {("patch", "pods")}
_REVIEWS = "tokenreviews.authentication.k8s.io"
_OTHERS = ("pods/log", "pods/exec", "pods/eviction", "secrets", "configmaps", "events", "jobs.batch", "serviceaccounts/token")


@pytest.fixture
def server(control_plane: Bed, namespace: Namespace, tmp_path: pathlib.Path) -> Api:
    """Gives the API as the chart's server sees it."""
    return Api(apply_rights(control_plane.kubeconfig, control_plane.api, namespace.name, tmp_path / "server.kubeconfig"))


def test_the_server_may_do_what_it_does_with_pods_and_no_more(server: Api, namespace: Namespace) -> None:
    asked = [(verb, resource) for verb in _VERBS for resource in ("pods", *_OTHERS)]
    assert {(verb, what) for verb, what in asked if may(server, namespace.name, verb, what)} == _NEEDED


def test_where_pods_stay_it_may_patch_them_as_well(control_plane: Bed, namespace: Namespace, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "warm.kubeconfig"
    server = Api(apply_rights(control_plane.kubeconfig, control_plane.api, namespace.name, file, WARM))
    asked = [(verb, resource) for verb in _VERBS for resource in ("pods", *_OTHERS)]
    assert {(verb, what) for verb, what in asked if may(server, namespace.name, verb, what)} == _NEEDED | _WARM


def test_in_the_cluster_it_may_have_tokens_reviewed_and_no_more(server: Api, namespace: Namespace) -> None:
    asked = [(verb, resource) for verb in _VERBS for resource in (_REVIEWS, "pods", "nodes", "namespaces", "secrets")]
    assert {(verb, what) for verb, what in asked if may(server, "", verb, what)} == {("create", _REVIEWS)}
    assert not any(may(server, "default", verb, what) for verb, what in asked if what != _REVIEWS)


def test_it_may_for_every_request_that_the_code_makes(server: Api, namespace: Namespace) -> None:
    calls = {"create": {"create"}, "get": {"get"}, "remove": {"delete"}, "patch": {"patch"}}
    code = "".join(file.read_text() for file in sorted((ROOT / "src/executor/kubernetes").glob("*.cpp")))
    made = set(re.findall(r"\bclient\.(\w+)\(", code))
    paths = set(re.findall(r'"(/api[^"]*)"', code))
    assert made == set(calls), "the code asks for something else: see that the chart's Role allows it"
    assert paths == {"/apis/authentication.k8s.io/v1/tokenreviews"}
    verbs = set().union(*calls.values()) | {"list", "watch"}  # kube::Watch lists first
    assert {(verb, "pods") for verb in verbs} == _NEEDED | _WARM
