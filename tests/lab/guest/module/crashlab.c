// SPDX-License-Identifier: GPL-2.0
/*
 * crashlab: makes one kernel object of a wanted kind and tells the page it lies in.
 *
 *   echo "dentry /srv/names/victim-00150" > /proc/crashlab
 *   cat /proc/crashlab
 *   pfn=0x1a2b object=0xffff8880... page=0xffff8880...
 *
 * This is where the truth of a lab case comes from: the kind of a page is known
 * because of the interface it was allocated with, not because somebody decoded
 * struct page. The second half of the file lets the host kill the guest in ways
 * that user space has no means for.
 */
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/path.h>
#include <linux/percpu.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

struct victim {
	unsigned long pfn;
	unsigned long object;	/* virtual address of what was allocated */
	char note[96];		/* further "key=value" words */
};

static char answer[256] = "none\n";

static unsigned long linear_pfn(const void *object)
{
	return page_to_pfn(virt_to_page(object));
}

/* 'object' lies in the linear map; only then is its page that of virt_to_page() */
static int in_linear_map(struct victim *v, const void *object)
{
	if (IS_ERR_OR_NULL(object))
		return -ENOMEM;
	v->object = (unsigned long)object;
	v->pfn = linear_pfn(object);
	return 0;
}

static int in_vmalloc_area(struct victim *v, const void *object)
{
	if (!object)
		return -ENOMEM;
	v->object = (unsigned long)object;
	v->pfn = vmalloc_to_pfn(object);
	return 0;
}

static int make_dentry(struct victim *v, char *name)
{
	struct path path;
	int err = kern_path(name, 0, &path);

	if (err)
		return err;
	err = in_linear_map(v, path.dentry);
	path_put(&path);
	return err;
}

static int make_inode(struct victim *v, char *name)
{
	struct path path;
	int err = kern_path(name, 0, &path);

	if (err)
		return err;
	err = in_linear_map(v, path.dentry->d_inode);
	snprintf(v->note, sizeof(v->note), "ino=%lu super=%s",
		 (unsigned long)path.dentry->d_inode->i_ino, path.dentry->d_sb->s_type->name);
	path_put(&path);
	return err;
}

static int make_kmalloc(struct victim *v, char *size)
{
	unsigned long bytes;

	if (kstrtoul(size, 0, &bytes))
		return -EINVAL;
	return in_linear_map(v, kmalloc(bytes, GFP_KERNEL));
}

/* the second page of an allocation that is larger than any slab cache */
static int make_kmalloc_tail(struct victim *v, char *size)
{
	int err = make_kmalloc(v, size);

	v->pfn++;
	return err;
}

/* an object that begins in a page of its slab other than the first */
static int make_slab_tail(struct victim *v, char *unused)
{
	void *object;
	int tries;

	for (tries = 0; tries < 64; tries++) {
		object = kmalloc(4096, GFP_KERNEL);
		if (!object)
			return -ENOMEM;
		if (PageTail(virt_to_page(object)))
			return in_linear_map(v, object);
	}
	return -EAGAIN;
}

/* plain caches of one size are merged: the object turns up under another name */
static int make_merged_cache(struct victim *v, char *unused)
{
	struct kmem_cache *cache = kmem_cache_create("lab_merged", 200, 0, SLAB_HWCACHE_ALIGN, NULL);

	return cache ? in_linear_map(v, kmem_cache_alloc(cache, GFP_KERNEL)) : -ENOMEM;
}

static void clear_object(void *object)
{
	memset(object, 0, 200);
}

/* a cache with a constructor is never merged */
static int make_own_cache(struct victim *v, char *unused)
{
	struct kmem_cache *cache = kmem_cache_create("lab_own", 200, 0, 0, clear_object);

	return cache ? in_linear_map(v, kmem_cache_alloc(cache, GFP_KERNEL)) : -ENOMEM;
}

/* the lowest-level page table that maps 'address' of the calling process */
static int make_page_table(struct victim *v, char *address)
{
	unsigned long va;
	pgd_t *pgd;
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd;

	if (kstrtoul(address, 0, &va))
		return -EINVAL;
	pgd = pgd_offset(current->mm, va);
	if (pgd_none(*pgd))
		return -ENOENT;
	p4d = p4d_offset(pgd, va);
	if (p4d_none(*p4d))
		return -ENOENT;
	pud = pud_offset(p4d, va);
	if (pud_none(*pud) || pud_leaf(*pud))
		return -ENOENT;
	pmd = pmd_offset(pud, va);
	if (pmd_none(*pmd) || pmd_leaf(*pmd))
		return -ENOENT;
	snprintf(v->note, sizeof(v->note), "pid=%d comm=%s va=%#lx", current->pid, current->comm, va);
	return in_linear_map(v, page_address(pmd_page(*pmd)));
}

static int sleep_for_ever(void *unused)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(10 * HZ);
	return 0;
}

static int make_stack(struct victim *v, char *unused)
{
	struct task_struct *task = kthread_run(sleep_for_ever, NULL, "lab-stack");

	if (IS_ERR(task))
		return PTR_ERR(task);
	snprintf(v->note, sizeof(v->note), "pid=%d comm=%s", task->pid, task->comm);
	return in_vmalloc_area(v, task->stack);
}

static int make_vmalloc(struct victim *v, char *unused)
{
	return in_vmalloc_area(v, vmalloc(4 * PAGE_SIZE));
}

static int in_pages(struct victim *v, struct page *page)
{
	if (!page)
		return -ENOMEM;
	v->pfn = page_to_pfn(page);
	v->object = (unsigned long)page_address(page);
	return 0;
}

static int make_pages(struct victim *v, char *unused)
{
	return in_pages(v, alloc_pages(GFP_KERNEL, 0));
}

/* the second of four pages that are not a compound page: its reference count is 0 */
static int make_pages_tail(struct victim *v, char *unused)
{
	int err = in_pages(v, alloc_pages(GFP_KERNEL, 2));

	v->pfn++;
	v->object += PAGE_SIZE;
	return err;
}

static int make_module(struct victim *v, char *unused)
{
	return in_vmalloc_area(v, make_module);
}

static int make_data(struct victim *v, char *unused)
{
#ifdef CONFIG_X86
	v->object = (unsigned long)&boot_cpu_data;
#else
	v->object = (unsigned long)&memstart_addr;
#endif
	v->pfn = __pa_symbol(v->object) >> PAGE_SHIFT;
	snprintf(v->note, sizeof(v->note), "symbol=%ps", (void *)v->object);
	return 0;
}

/* the first chunk lies in the linear map: go on until one comes from vmalloc space */
static int make_percpu(struct victim *v, char *unused)
{
	int tries;

	for (tries = 0; tries < 256; tries++) {
		void __percpu *area = __alloc_percpu(8192, 8);
		void *mine;

		if (!area)
			return -ENOMEM;
		mine = per_cpu_ptr(area, 0);
		if (is_vmalloc_addr(mine))
			return in_vmalloc_area(v, (void *)PAGE_ALIGN((unsigned long)mine));
	}
	return -EAGAIN;
}

static int make_text(struct victim *v, char *unused)
{
	v->object = (unsigned long)&kern_path;
	v->pfn = __pa_symbol(v->object) >> PAGE_SHIFT;
	snprintf(v->note, sizeof(v->note), "symbol=%ps", (void *)v->object);
	return 0;
}

/* ---- ways to die ------------------------------------------------------- */

/* overwrite a page, as a failing DIMM would: whoever follows a pointer in it faults */
static int scribble(struct victim *v, char *number)
{
	if (kstrtoul(number, 0, &v->pfn))
		return -EINVAL;
	v->object = (unsigned long)page_address(pfn_to_page(v->pfn));
	memset((void *)v->object, 0xa5, PAGE_SIZE);
	return 0;
}

/* an ordinary bug that has nothing to do with any page of the case */
static noinline int crashlab_bug(struct victim *v, char *unused)
{
	*(volatile int *)0x18 = 1;
	return 0;
}

static const struct {
	const char *name;
	int (*make)(struct victim *v, char *arg);
} kinds[] = {
	{ "dentry", make_dentry },
	{ "inode", make_inode },
	{ "kmalloc", make_kmalloc },
	{ "kmalloc-tail", make_kmalloc_tail },
	{ "slab-tail", make_slab_tail },
	{ "merged-cache", make_merged_cache },
	{ "own-cache", make_own_cache },
	{ "page-table", make_page_table },
	{ "stack", make_stack },
	{ "vmalloc", make_vmalloc },
	{ "percpu", make_percpu },
	{ "text", make_text },
	{ "pages", make_pages },
	{ "pages-tail", make_pages_tail },
	{ "module", make_module },
	{ "data", make_data },
	{ "scribble", scribble },
	{ "bug", crashlab_bug },
};

static ssize_t crashlab_write(struct file *file, const char __user *from, size_t len, loff_t *pos)
{
	struct victim v = {};
	char line[160], *arg = line;
	int i, err = -EINVAL;

	if (len >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, from, len))
		return -EFAULT;
	line[len] = 0;
	strim(line);
	strsep(&arg, " ");
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(line, kinds[i].name))
			err = kinds[i].make(&v, arg ? arg : "");
	if (err)
		return err;
	snprintf(answer, sizeof(answer), "pfn=%#lx object=%#lx page=%#lx %s\n", v.pfn, v.object,
		 (unsigned long)page_address(pfn_to_page(v.pfn)), v.note);
	return len;
}

static int crashlab_show(struct seq_file *m, void *unused)
{
	seq_puts(m, answer);
	return 0;
}

static int crashlab_open(struct inode *inode, struct file *file)
{
	return single_open(file, crashlab_show, NULL);
}

static const struct proc_ops crashlab_ops = {
	.proc_open = crashlab_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
	.proc_write = crashlab_write,
};

static int __init crashlab_init(void)
{
	return proc_create("crashlab", 0600, NULL, &crashlab_ops) ? 0 : -ENOMEM;
}
module_init(crashlab_init);

MODULE_DESCRIPTION("crash lab: objects on pages to order, and ways to die");
MODULE_LICENSE("GPL");
