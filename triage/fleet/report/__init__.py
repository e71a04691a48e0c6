"""What people and machines read of a fleet: a static site, a summary, metrics, CSV."""
