"""Coverage-guided fuzzing of everything that reads hostile bytes: `make fuzz MINUTES=30`.

targets.py   what is fuzzed: functions that take bytes and must end without any error but our own
seeds.py     where each target begins: fixtures and small files of each form
run.py       one target under atheris, in a process of its own
__main__.py  all targets, one after the other
crashes/     every input that ever broke a target, as TARGET-NAME; test_targets.py replays them without atheris
"""
