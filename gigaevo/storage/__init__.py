"""Where programs and the journal of a run are kept."""

from gigaevo.storage.base import JournalEntry, LoggedCall, ProgramStorage, StorageError, Transaction
from gigaevo.storage.sqlite import SqliteProgramStorage

__all__ = ["JournalEntry", "LoggedCall", "ProgramStorage", "SqliteProgramStorage", "StorageError", "Transaction"]
