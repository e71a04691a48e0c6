"""bytes -> events: scan, prefix, lines, grammar, events."""
