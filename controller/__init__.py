"""Floor 2: the loop, its clock, the record, the API and the commands around the pure core."""
