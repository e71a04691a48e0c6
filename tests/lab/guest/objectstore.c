/*
 * objectstore: the workload of the arm64 incident, a keeper of many object directories.
 *
 *   objectstore make COUNT          create /srv/objects/OBJECT for each object
 *   objectstore pass COUNT          assert each object once, in order, at full speed
 *   objectstore sweep COUNT RATE    assert RATE objects a second, round and round;
 *                                   the number of the next one stands in /tmp/objectstore.next
 *
 * To assert an object is to mkdir(2) it and to be told EEXIST: the last component of such a path
 * goes through d_lookup(), one __d_lookup() for each, in the order of their numbers.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* names as a content-addressed store has them (Knuth's multiplicative hash of the number) */
static void name_of(char *path, size_t size, unsigned int number)
{
	snprintf(path, size, "/srv/objects/%08x-%05u", (number + 1) * 2654435761u, number);
}

static void assert_object(unsigned int number)
{
	char path[64];

	name_of(path, sizeof(path), number);
	if (mkdir(path, 0755) && errno != EEXIST) {
		perror(path);
		exit(1);
	}
}

static void sweep(unsigned int count, unsigned int rate)
{
	struct timespec next;
	int fd = open("/tmp/objectstore.next", O_CREAT | O_WRONLY, 0644);

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (unsigned int number = 0;; number = (number + 1) % count) {
		char line[16];
		int length = snprintf(line, sizeof(line), "%-8u\n", number);

		if (pwrite(fd, line, length, 0) != length)
			exit(1);
		assert_object(number);
		next.tv_nsec += 1000000000L / rate;
		if (next.tv_nsec >= 1000000000L) {
			next.tv_nsec -= 1000000000L;
			next.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
}

int main(int argc, char **argv)
{
	unsigned int count = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;

	if (!count)
		return 2;
	if (!strcmp(argv[1], "make"))
		mkdir("/srv/objects", 0755);
	if (!strcmp(argv[1], "sweep") && argc == 4)
		sweep(count, strtoul(argv[3], NULL, 0));
	for (unsigned int number = 0; number < count; number++)
		assert_object(number);
	return 0;
}
