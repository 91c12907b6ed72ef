"""What keeps a container from starting: a fault, or an image that is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .missing import NotYet

if TYPE_CHECKING:
    from .pod import Pod

_PULL = 'failed to pull and unpack image "{image}": failed to resolve reference "{image}": not found'

# By fault, the reasons and messages of containers that wait. They take turns, as the kubelet tries and waits.
_WAITS = {
    "image-pull": (
        ("ErrImagePull", _PULL),
        ("ImagePullBackOff", 'Back-off pulling image "{image}": ErrImagePull: ' + _PULL),
    ),
    "create-error": (("CreateContainerError", "failed to create containerd container"),),
}


def check_beginning(pod: Pod, image: str, tries: int) -> None:
    """Checks whether a container of a pod can be started.

    Args:
        pod: The pod.
        image: The container's.
        tries: How often it was checked before.

    Raises:
        NotYet: it cannot.
    """
    fault = pod.kubelet.faults.of(pod.manifest)
    if fault not in _WAITS and pod.kubelet.images.find(image) is None:
        fault = "image-pull"
    if fault in _WAITS:
        reason, message = _WAITS[fault][tries % len(_WAITS[fault])]
        raise NotYet(message.format(image=image), reason)
