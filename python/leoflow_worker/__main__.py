"""The base process. Arguments: the descriptors of the channel to the agent and of the heap library."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from leoflow_worker.channel import Channel
from leoflow_worker.heap import open_heap


def main() -> NoReturn:
    """Warm up, say so, and serve."""
    channel = Channel(int(sys.argv[-2]))
    open_heap(int(sys.argv[-1]))
    os.set_inheritable(channel.fileno(), False)
    # Arguments and path were ours; DAG files must not see them.
    del sys.argv[1:]
    from leoflow_worker.rehearsal import rehearse_often
    from leoflow_worker.server import ForkServer
    from leoflow_worker.warm import freeze, warm_up

    warm_up()
    rehearse_often()
    freeze()
    channel.send({"ready": True, "reason": "", "started": 0})
    ForkServer(channel).run()


if __name__ == "__main__":
    main()
