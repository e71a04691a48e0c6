"""Statistics on the store's tables: pandas in, pandas out; what needs sums over hosts makes them per host first."""
