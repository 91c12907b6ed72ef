"""Runs the process kubelet until it is told to end; then all its containers end as well."""

from __future__ import annotations

import argparse
import os
import pathlib
import signal
import threading

from ..api import Api
from .kubelet import Kubelet
from .server import serve


def main() -> None:
    """Runs it."""
    parser = argparse.ArgumentParser(prog="process_kubelet", description=__doc__)
    parser.add_argument("--kubeconfig", type=pathlib.Path, required=True)
    parser.add_argument("--name", required=True, help="of the node")
    parser.add_argument("--port", type=int, required=True, help="for logs and faults")
    parser.add_argument("--keys", type=pathlib.Path, required=True, help="folder with server.key and server.crt")
    parser.add_argument("--folder", type=pathlib.Path, required=True, help="for the files of the pods")
    options = parser.parse_args()

    kubelet = Kubelet(Api(options.kubeconfig), options.name, options.port, options.folder)

    def end(*_: object) -> None:
        kubelet.kill_all()
        os._exit(0)  # Threads that wait for the API server have nothing to put in order.

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    serve(kubelet, options.keys)
    kubelet.start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
