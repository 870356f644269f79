"""Where programs and the journal of a run are kept."""

from gigaevo.storage.base import JournalEntry, ProgramStorage, StorageError, Transaction
from gigaevo.storage.sqlite import SqliteProgramStorage

__all__ = ["JournalEntry", "ProgramStorage", "SqliteProgramStorage", "StorageError", "Transaction"]
