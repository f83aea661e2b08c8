"""New Era "SyringePump" family: NE-1000, NE-500, NE-300 class.

Marks beside facts: [M] manual page, [F] field report, [C]/[K] client code, [?] assumption.

Read in this order: :mod:`.codec` and :mod:`.fields` (bytes and numbers), :mod:`.line`
(which answer is whose), :mod:`.script` with the tables in :mod:`.settings` and
:mod:`.motion`, :mod:`.stop`, :mod:`.motor` and :mod:`.follow`, :mod:`.driver`.
"""

from drivers.new_era.driver import NewEra

__all__ = ["NewEra"]
