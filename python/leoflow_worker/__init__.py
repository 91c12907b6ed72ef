"""The warm Python behind leoflow-agent: imports once, forks a fresh child per task."""
