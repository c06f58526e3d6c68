"""The receiver ``filelog`` (``file_log``): reads and follows files, as the collector's receiver of that name does."""

from fastlog.receivers.filelog.config import Config

__all__ = ["Config"]
