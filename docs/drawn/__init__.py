"""Pages drawn from the program's tables: one module per page, each with ``page() -> str``."""
