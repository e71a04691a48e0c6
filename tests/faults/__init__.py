"""What goes wrong around a run, call by call.

warm.py             a process that has loaded everything, and forks a run that stands still until it is traced
traced.py           runs of it in which strace lets the n-th call of a kind fail, or sends a signal there
test_every_call.py  every open, read, write, fork ... of a run fails once; a signal comes at every one of them
test_around.py      pipes, full disks, signals and killed readers as they come, without strace
"""
