"""Types of the global variables that are read when a core has BTF only.

BTF types per-CPU variables and none of the others, so each one needed is given here with the file that declares it
(Linux 6.12 unless said). A variable that a kernel does not have is simply not found among its symbols.
"""

from __future__ import annotations

VARIABLES = {
    # identity and log
    "init_uts_ns": "struct uts_namespace",  # init/version.c
    "prb": "struct printk_ringbuffer *",  # kernel/printk/printk.c, 5.10+
    "tainted_mask": "unsigned long",  # kernel/panic.c
    "saved_command_line": "char *",  # init/main.c
    # tasks and CPUs
    "init_task": "struct task_struct",  # init/init_task.c
    "init_pid_ns": "struct pid_namespace",  # kernel/pid.c
    "init_mm": "struct mm_struct",  # mm/init-mm.c
    "nr_cpu_ids": "unsigned int",  # kernel/smp.c
    "__cpu_online_mask": "struct cpumask",  # kernel/cpu.c
    "__cpu_possible_mask": "struct cpumask",
    "__cpu_present_mask": "struct cpumask",
    "__per_cpu_offset": "unsigned long [8192]",  # mm/percpu.c; arm64 and x86 alike, NR_CPUS bounds it
    "panic_cpu": "atomic_t",  # kernel/panic.c
    "crashing_cpu": "int",  # arch/x86/kernel/reboot.c
    "runqueues": "struct rq",  # kernel/sched/core.c; per-CPU, which older BTF leaves out
    "mces_seen": "struct mce",  # arch/x86/kernel/cpu/mce/core.c, per-CPU
    "crash_notes": "note_buf_t *",  # kernel/crash_core.c (kexec_core.c before 6.6)
    "modules": "struct list_head",  # kernel/module/main.c
    # memory layout
    "vmemmap_base": "unsigned long",  # arch/x86/kernel/head64.c
    "page_offset_base": "unsigned long",
    "vmalloc_base": "unsigned long",
    "phys_base": "unsigned long",
    "pgdir_shift": "unsigned int",
    "memstart_addr": "s64",  # arch/arm64/mm/init.c
    "kimage_voffset": "u64",  # arch/arm64/mm/mmu.c
    "max_pfn": "unsigned long",  # mm/memblock.c
    "min_low_pfn": "unsigned long",
    "max_low_pfn": "unsigned long",
    "high_memory": "void *",  # mm/memory.c
    "mem_section": "struct mem_section **",  # mm/sparse.c (SPARSEMEM_EXTREME)
    "__highest_present_section_nr": "unsigned long",
    "sections_per_block": "int",  # drivers/base/memory.c
    "bus_kset": "struct kset *",  # drivers/base/bus.c
    "iomem_resource": "struct resource",  # kernel/resource.c
    "contig_page_data": "struct pglist_data",  # mm/memblock.c, without NUMA
    "node_data": "struct pglist_data *[1024]",  # arch/x86/mm/numa.c, arch/arm64 drivers/base/arch_numa.c
    "nr_node_ids": "unsigned int",  # mm/page_alloc.c
    "node_states": "nodemask_t [6]",
    "memory_subsys": "struct bus_type",  # drivers/base/memory.c
    # allocators
    "slab_caches": "struct list_head",  # mm/slab_common.c
    "slab_nodes": "nodemask_t",  # mm/slub.c
    "slab_kset": "struct kset *",
    "vmap_area_list": "struct list_head",  # mm/vmalloc.c, before 6.9
    "vmap_area_root": "struct rb_root",
    "vmap_nodes": "struct vmap_node *",  # 6.9+
    "nr_vmap_nodes": "unsigned int",
    "vmap_zone_size": "unsigned int",
    "pcpu_chunk_lists": "struct list_head *",  # mm/percpu.c
    "pcpu_nr_slots": "int",
    "pcpu_unit_size": "int",
    "pcpu_first_chunk": "struct pcpu_chunk *",
    "pcpu_reserved_chunk": "struct pcpu_chunk *",
    "hstates": "struct hstate [16]",  # mm/hugetlb.c, HUGE_MAX_HSTATE bounds it
    "hugetlb_max_hstate": "int",
    "pgmap_array": "struct xarray",  # mm/memremap.c, ZONE_DEVICE
    "cgrp_dfl_root": "struct cgroup_root",  # kernel/cgroup/cgroup.c
    # files
    "super_blocks": "struct list_head",  # fs/super.c
    "dentry_hashtable": "struct hlist_bl_head *",  # fs/dcache.c
    "d_hash_shift": "unsigned int",
    # memory failure
    "num_poisoned_pages": "atomic_long_t",  # mm/memory-failure.c
    "hw_memory_failure": "bool",  # 5.19+
    "hwerr_data": "struct hwerr_info [8]",  # kernel/vmcore_info.c of 7.3; HWERR_RECOV_MAX bounds it
    "sysctl_memory_failure_early_kill": "int",
    "sysctl_memory_failure_recovery": "int",
    "sysctl_enable_soft_offline": "int",  # 6.11+
    "sysctl_panic_on_unrecoverable_mf": "int",  # 7.3
    "panic_on_oops": "int",  # kernel/panic.c
    "panic_on_warn": "int",
    "panic_on_unrecovered_nmi": "int",  # arch/x86/kernel/nmi.c
}
