"""Where state lives: checkpoints now; the range journal and the spool join them here."""

from fastlog.storage.checkpoints import CheckpointError, CheckpointStore, state_directory, store_path

__all__ = ["CheckpointError", "CheckpointStore", "state_directory", "store_path"]
