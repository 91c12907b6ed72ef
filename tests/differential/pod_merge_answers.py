"""Has Airflow's own KubernetesExecutor put random pods over each other; writes one JSON line for each pair.

    pod_merge_answers.py OUT

A line has `base`, `over` and `merged`, as Kubernetes writes pods in JSON. Needs the packages
apache-airflow-providers-cncf-kubernetes and kubernetes.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
from typing import Any

os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="leoflow-pods-")

from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
from kubernetes.client import ApiClient

PAIRS = 120
WORDS = ("a", "b", "c")


def maybe(chance: random.Random, value: Any) -> Any:
    """Returns the value, or None, or what Python takes for false."""
    return chance.choice([value, value, None, type(value)()])


def entries(chance: random.Random) -> dict[str, str]:
    """Returns labels, say."""
    return {word: chance.choice(WORDS) for word in WORDS if chance.random() < 0.5}


def container(chance: random.Random) -> dict[str, Any]:
    """Returns a container with some of its fields."""
    name = chance.choice(WORDS)
    fields = {
        "image": maybe(chance, chance.choice(WORDS)),
        "args": maybe(chance, ["--x"]),
        "env": maybe(chance, [{"name": "N", "value": chance.choice(WORDS)}]),
        "envFrom": maybe(chance, [{"secretRef": {"name": name}}]),
        "volumeMounts": maybe(chance, [{"name": chance.choice(WORDS), "mountPath": "/x"}]),
        "ports": maybe(chance, [{"containerPort": chance.randrange(1, 9)}]),
        "resources": maybe(chance, {"limits": {chance.choice(["cpu", "memory"]): "1"}}),
        "tty": maybe(chance, True),
        "securityContext": maybe(chance, {"runAsUser": chance.randrange(3)}),
    }
    return {"name": name} | {key: value for key, value in fields.items() if value is not None}


def containers(chance: random.Random) -> list[dict[str, Any]]:
    """Returns up to two of them, with names of their own."""
    return list({made["name"]: made for made in (container(chance) for _ in range(chance.randrange(3)))}.values())


def pod(chance: random.Random) -> dict[str, Any]:
    """Returns a pod with some of its fields."""
    spec = {
        "containers": containers(chance) or [container(chance)],
        "initContainers": maybe(chance, containers(chance)),
        "volumes": maybe(chance, [{"name": chance.choice(WORDS), "emptyDir": {"medium": "Memory"}}]),
        "nodeSelector": maybe(chance, entries(chance)),
        "tolerations": maybe(chance, [{"key": chance.choice(WORDS)}]),
        "hostNetwork": maybe(chance, True),
        "priority": maybe(chance, chance.randrange(3)),
        "serviceAccountName": maybe(chance, chance.choice(WORDS)),
    }
    metadata = {
        "name": maybe(chance, chance.choice(WORDS)),
        "labels": maybe(chance, entries(chance)),
        "annotations": maybe(chance, entries(chance)),
        "finalizers": maybe(chance, [chance.choice(WORDS)]),
    }
    made = {"spec": {key: value for key, value in spec.items() if value is not None}}
    if chance.random() < 0.9:
        made["metadata"] = {key: value for key, value in metadata.items() if value is not None}
    return made


def main() -> None:
    chance = random.Random(6)
    api = ApiClient()
    with open(sys.argv[1], "w") as out:
        for _ in range(PAIRS):
            pair = [PodGenerator.deserialize_model_dict(pod(chance)) for _ in range(2)]
            base, over = (api.sanitize_for_serialization(one) for one in pair)
            merged = api.sanitize_for_serialization(PodGenerator.reconcile_pods(*pair))
            out.write(json.dumps({"base": base, "over": over, "merged": merged}, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
