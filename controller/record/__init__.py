"""The record: an append-only, hash-chained journal on disk, its check and its report.

``chain`` is the row format (pure), ``store`` the SQLite file, ``journal`` the writer
thread, ``reader`` what recovery reads back, ``verify`` finds and places tampering,
``report`` makes a self-contained page of one procedure.
"""
