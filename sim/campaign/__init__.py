"""Campaigns: many seeds, each a room with faults and judges, and what came of them."""
