"""Scores triage against folders of logs whose crashes are known."""
