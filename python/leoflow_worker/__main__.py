"""The base process. Argument: the descriptor of the channel to the agent."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from leoflow_worker.channel import Channel


def main() -> NoReturn:
    """Warm up, say so, and serve."""
    channel = Channel(int(sys.argv[-1]))
    os.set_inheritable(channel.fileno(), False)
    # Argument and path were ours; DAG files must not see them.
    del sys.argv[1:]
    from leoflow_worker.server import ForkServer
    from leoflow_worker.warm import freeze, warm_up

    warm_up()
    freeze()
    channel.send({"ready": True, "reason": "", "started": 0})
    ForkServer(channel).run()


if __name__ == "__main__":
    main()
