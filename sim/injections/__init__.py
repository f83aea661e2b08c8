"""What an injection shows of the duct: detectors on fast traces, and whole rooms in pairs."""
