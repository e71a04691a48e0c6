"""Pure functions that say what the numbers in a record mean: CPER ESR_EL1, machine check registers, PCIe status."""
