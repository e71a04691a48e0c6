"""The crash lab: real vmcores with known answers, made from Debian's packages under QEMU without KVM.

Nothing here imports the package under test, and the package under test imports nothing from here:
what a case's truth says must not depend on the code that is judged by it.
"""
