"""Anonymous and KSM pages: bit 0 of the mapping word, whose rest points at the anon_vma."""

from __future__ import annotations

from collections.abc import Iterator

from drgn import Object
from drgn.helpers.linux.mm import vma_name
from drgn.helpers.linux.rbtree import rbtree_inorder_for_each_entry

from triage.vmcore.finding import Finding
from triage.vmcore.objects import task_name
from triage.vmcore.page import Page

ORDER = 60
_PAGE_MAPPING_ANON, _PAGE_MAPPING_KSM = 1, 3
_LIMIT = 8  # mappings named


def inspect(page: Page) -> Finding | None:
    """`anonymous` or `ksm`, with the process and mapping that owned it."""
    low = page.mapping & 3
    if page.type_name is not None or low not in (_PAGE_MAPPING_ANON, _PAGE_MAPPING_KSM):
        return None
    kind = "ksm" if low == _PAGE_MAPPING_KSM else "anonymous"
    finding = Finding(type=kind, why=f"its mapping word {page.mapping:#x} marks it {kind}")
    if kind == "anonymous":
        with page.core.noting(f"owner of anonymous page {page.pfn:#x}"):
            _owners(page, finding)
    return finding


def _owners(page: Page, finding: Finding) -> None:
    for vma in _vmas(page):
        mm = vma.vm_mm.read_()
        owner = mm.owner.read_() if mm and mm.type_.type.has_member("owner") else None
        if not owner:
            continue
        name = vma_name(vma)
        where = f"{int(vma.vm_start):#x}-{int(vma.vm_end):#x}"
        finding.detail.setdefault("task", task_name(owner))
        finding.detail.setdefault("vma", where)
        label = f" {name.decode('utf-8', 'replace')}" if name else ""
        finding.referrers.append(f"{task_name(owner)} maps {where}{label}")
        if len(finding.referrers) >= _LIMIT:
            break


def _vmas(page: Page) -> Iterator[Object]:
    """anon_vma->rb_root holds an anon_vma_chain for each VMA that may map its pages (include/linux/rmap.h)."""
    anon_vma = Object(page.core.prog, "struct anon_vma *", value=page.mapping & ~3)
    root = anon_vma.rb_root.rb_root.address_of_()
    for chain in rbtree_inorder_for_each_entry("struct anon_vma_chain", root, "rb"):
        yield chain.vma.read_()
