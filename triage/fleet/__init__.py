"""Many crashes of many hosts: a store of typed tables, the statistics on it, and the reports of them."""
