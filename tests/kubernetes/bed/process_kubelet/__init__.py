"""A kubelet that runs each container as a process of this machine, and does harm when told to.

It registers a node, runs the pods that are bound to it, reports how they end, serves their logs, and gives them what a
pod gets: environment, volumes, tokens. What it does not simulate is listed in the README of tests/kubernetes.
"""
