"""The capture kernel of a real kdump: kexec'ed at the crash, it writes the dump to a disk and powers off."""

from .qemu import Guest

DONE = r"lab: dump written, status 0"


def load(guest: Guest, command_line: str) -> None:
    """Load it into the memory that crashkernel= reserved; lab.dump= on its command line says how to dump."""
    guest.shell.run(f"/kdump/kexec -p /kdump/vmlinuz --initrd=/kdump/initrd --append='{command_line}'", 240)
    guest.shell.run('[ "$(cat /sys/kernel/kexec_crash_loaded)" = 1 ]')


def wait(guest: Guest) -> None:
    """Wait until the dump lies on the disk."""
    guest.wait_serial(DONE, 300)
