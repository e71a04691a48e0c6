/*
 * labtool: what the guest's shell cannot do by itself. Linked statically.
 *
 *   labtool shift                 log2 of the page size
 *   labtool flags PFN             the page's /proc/kpageflags word
 *   labtool find BIT              runs of PFNs with that kpageflags bit: 0x100-0x1ff ...
 *   labtool names DIR COUNT       create DIR/victim-00000 ...
 *   labtool lookup DIR COUNT      mkdir(2) each of those names, round and round (EEXIST)
 *   labtool hold KIND [PATH]      map a page of KIND and keep it; prints pfn=, object=, pid=
 *                                 KIND: anon, thp, hugetlb, file-dirty, file-clean, page-table
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE ((unsigned long)sysconf(_SC_PAGESIZE))
#define KPF_HWPOISON 19

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t read_word(const char *path, uint64_t index)
{
	uint64_t word = 0;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || pread(fd, &word, sizeof(word), index * sizeof(word)) != sizeof(word))
		die(path);
	close(fd);
	return word;
}

/* the PFN behind an address of this process (Documentation/admin-guide/mm/pagemap.rst) */
static uint64_t pfn_of(void *address)
{
	uint64_t entry = read_word("/proc/self/pagemap", (uintptr_t)address / PAGE);

	if (!(entry >> 63))
		die("page not present");
	return entry & ((1ULL << 55) - 1);
}

static void find(int bit)
{
	static uint64_t words[4096];
	int fd = open("/proc/kpageflags", O_RDONLY);
	uint64_t pfn = 0, start = 0;
	int inside = 0;
	ssize_t got;

	while ((got = read(fd, words, sizeof(words))) > 0) {
		for (int i = 0; i < got / 8; i++, pfn++) {
			int hit = (words[i] >> bit & 1) && !(words[i] >> KPF_HWPOISON & 1);

			if (hit && !inside)
				start = pfn;
			if (!hit && inside)
				printf("0x%llx-0x%llx\n", (unsigned long long)start, (unsigned long long)pfn - 1);
			inside = hit;
		}
	}
}

static void names(const char *dir, int count, int for_ever)
{
	char path[256];

	do {
		for (int i = 0; i < count; i++) {
			snprintf(path, sizeof(path), "%s/victim-%05d", dir, i);
			if (for_ever) {
				mkdir(path, 0755);
			} else {
				int fd = open(path, O_CREAT | O_WRONLY, 0644);

				if (fd < 0)
					die(path);
				close(fd);
			}
		}
	} while (for_ever);
}

static char *map_file(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT, 0644);
	char *p;

	if (fd < 0 || ftruncate(fd, size))
		die(path);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return p;
}

static void write_file(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT, 0644);
	char block[4096];

	memset(block, 0x33, sizeof(block));
	for (size_t done = 0; done < size; done += sizeof(block))
		if (write(fd, block, sizeof(block)) != sizeof(block))
			die(path);
	fsync(fd);
	close(fd);
}

/* all that one of the lowest page tables maps, so that it serves nobody else */
static void hold_page_table(void)
{
	char *want = (char *)0x7e0000000000;
	size_t range = PAGE * PAGE / 8;
	char *p = mmap(want, range, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	char line[64], reply[256] = "";
	int fd;

	madvise(p, range, MADV_NOHUGEPAGE);
	memset(p, 1, 2 << 20);
	fd = open("/proc/crashlab", O_RDWR);
	snprintf(line, sizeof(line), "page-table %p", p);
	if (write(fd, line, strlen(line)) < 0 || read(fd, reply, sizeof(reply) - 1) < 0)
		die("/proc/crashlab");
	printf("%s", reply);
}

static void hold(const char *kind, const char *path)
{
	int thp = !strcmp(kind, "thp");
	int hugetlb = !strcmp(kind, "hugetlb");
	size_t size = thp ? 4 << 20 : hugetlb ? 2 << 20 : 1 << 20;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | (hugetlb ? MAP_HUGETLB : 0);
	char *p, *page;

	prctl(PR_SET_NAME, "lab-holder");
	if (!strcmp(kind, "page-table")) {
		hold_page_table();
		return;
	}
	if (!strcmp(kind, "file-clean"))
		write_file(path, size);
	if (path)
		p = map_file(path, size);
	else
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (p == MAP_FAILED)
		die("mmap");
	if (thp) {
		/* from the first boundary of a huge page on */
		p = (char *)(((uintptr_t)p + (2 << 20) - 1) & -(2UL << 20));
		size = 2 << 20;
		madvise(p, size, MADV_HUGEPAGE);
	}
	page = p + 32 * PAGE;
	if (!strcmp(kind, "file-clean"))
		(void)*(volatile char *)page;
	else
		memset(p, 0x5a, size);
	printf("pfn=0x%llx object=%p pid=%d comm=lab-holder\n", (unsigned long long)pfn_of(page), page, getpid());
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(what, "shift"))
		printf("%d\n", __builtin_ctzl(PAGE));
	else if (!strcmp(what, "flags") && argc == 3)
		printf("0x%llx\n", (unsigned long long)read_word("/proc/kpageflags", strtoull(argv[2], NULL, 0)));
	else if (!strcmp(what, "find") && argc == 3)
		find(atoi(argv[2]));
	else if (!strcmp(what, "names") && argc == 4)
		names(argv[2], atoi(argv[3]), 0);
	else if (!strcmp(what, "lookup") && argc == 4)
		names(argv[2], atoi(argv[3]), 1);
	else if (!strcmp(what, "hold") && argc >= 3) {
		hold(argv[2], argv[3]);
		for (;;)
			pause();
	} else
		return 2;
	return 0;
}
