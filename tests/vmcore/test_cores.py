"""Every fixture core against its truth: pages, types, objects, owners, crash, address. No debug symbols are used."""

import pytest

from tests.vmcore import cores

# the words of the truth files where they are finer than the JSON contract
TYPES = {"kernel-text": "kernel-image", "shmem": "page-cache"}
OWNED = ("page-table", "kernel-stack", "anonymous")


@pytest.fixture(scope="module", params=cores.names())
def case(request, core_path):
    """(truth, facts) of one fixture."""
    name = request.param
    return cores.truth(name), cores.inspect(core_path(name))


def pages(case):
    """(truth, facts) of each page of a case."""
    truth, facts = case
    found = {page.pfn: page for page in facts.pages}
    return [(page, found[page["pfn"]]) for page in truth["pages"]]


def test_everything_worked(case):
    truth, facts = case
    assert facts.types == "btf"
    assert facts.format == "minicore"
    assert facts.kernel == truth["kernel"]
    assert facts.arch == truth["arch"]
    holed = truth["case"] == "7.3-dentry-sysctl-kdump"  # makedumpfile lost slab pages of it
    assert bool(facts.unread) == holed
    assert all("a list leads into" in note or (holed and "not in the dump" in note) for note in facts.notes)


def test_exactly_the_poisoned_pages_are_found(case):
    truth, facts = case
    assert {page.pfn for page in facts.pages} == {page["pfn"] for page in truth["pages"]}


def test_page_types(case):
    for truth, page in pages(case):
        assert page.type == TYPES.get(truth["type"], truth["type"])


def test_cache_aliases_and_object(case):
    for truth, page in pages(case):
        if "cache" not in truth["details"]:
            continue
        assert page.detail["aliases"] == truth["details"]["aliases"]
        assert truth["details"]["cache"] in page.detail["aliases"]
        (found,) = cores.covering(page.detail["objects"], page.detail["object_size"], truth["object"])
        readable = found.get("state") != "unreadable"
        assert found.get("memcg") == truth["details"].get("memcg")
        assert found.get("path") == (truth["details"].get("path") if readable else None)


def test_files_and_owners(case):
    for truth, page in pages(case):
        detail = truth["details"]
        if "path" in detail and truth["type"] in ("shmem", "zone-device"):
            assert page.detail["path"] == detail["path"]
        if "pid" in detail and truth["type"] in OWNED:
            assert page.detail["task"] == f"{detail['comm']}[{detail['pid']}]"
        if "symbol" in detail:
            assert detail["symbol"] in page.detail["symbols"]


def test_crash_function(case):
    truth, facts = case
    if "function" in truth["death"]:
        assert facts.crash["function"] == truth["death"]["function"]


def test_exact_address_lies_in_the_page_that_was_touched(case):
    truth, facts = case
    if "physical" in truth["death"]:
        touched = int(truth["death"]["physical"], 16) >> facts.page_shift
        exact = [fact for fact in facts.addresses if fact.exact]
        assert touched in {fact.physical_address >> facts.page_shift for fact in exact}


def test_the_sysctl_is_read(case):
    truth, facts = case
    if truth["kernel"].startswith("7.3"):
        wanted = truth["sysctl_panic_on_unrecoverable_memory_failure"]
        assert facts.sysctls["vm.panic_on_unrecoverable_memory_failure"] == int(wanted or 0)
    else:
        assert "vm.panic_on_unrecoverable_memory_failure" not in facts.sysctls


def test_injection_is_told_from_real_errors(case):
    truth, facts = case
    if facts.injected_only is not None:  # 5.10 cannot tell
        assert facts.injected_only == (truth["inject"] == "hwpoison")


def test_the_cpu_that_consumed_the_error_is_shown(case):
    truth, facts = case
    if "cpu" in truth["death"]:
        assert facts.crash["cpu"] == int(truth["death"]["cpu"])
