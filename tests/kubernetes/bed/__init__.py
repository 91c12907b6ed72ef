"""A Kubernetes for tests: a real control plane, and nodes that need no container engine."""
