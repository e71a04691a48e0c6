"""Pages that were needed and are not in the core: what they lead to is absent and said to be so, never denied."""

from pathlib import Path

import pytest

from tests.vmcore import cores

STACK = "6.1-stack-sysrq-elf"


@pytest.fixture(scope="module")
def owner(core_path) -> int:
    """PFN of the task_struct that owns the poisoned stack."""
    from triage.vmcore import opening, pagetables, tasks

    core = opening.open_core(str(core_path(STACK)), None, [])
    pid = int(cores.truth(STACK)["pages"][0]["details"]["pid"])
    task = next(task for task in tasks.threads(core) if task.pid == pid)
    root = pagetables.kernel_root(core)
    assert root is not None
    physical = pagetables.walk(core, root, int(task.tasks.address_of_()))
    assert physical is not None
    return physical >> 12


def test_nothing_is_missing_from_a_whole_core(core_path) -> None:
    assert cores.inspect(core_path(STACK)).unread == ()


def test_an_owner_that_is_not_in_the_dump_is_absent_and_the_page_named(core_path, tmp_path: Path, owner: int) -> None:
    path = tmp_path / "vmcore"
    cores.without(core_path(STACK), path, owner)
    facts = cores.inspect(path)
    (page,) = facts.pages
    assert page.type == "kernel-stack"
    assert "task" not in page.detail
    assert owner in facts.unread
    assert any(f"{owner:#x}" in note and "not in the dump" in note for note in facts.notes)
    assert not any("no task uses" in said for said in page.evidence)


def test_a_minicore_of_such_a_dump_names_the_same_pages(core_path, tmp_path: Path, owner: int) -> None:
    path, again = tmp_path / "vmcore", tmp_path / "again"
    cores.without(core_path(STACK), path, owner)
    facts = cores.inspect(path, minicore=str(again))
    assert facts.unread == cores.inspect(again).unread != ()
