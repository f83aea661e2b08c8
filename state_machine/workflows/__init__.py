"""Workflow tables, one file per procedure."""
