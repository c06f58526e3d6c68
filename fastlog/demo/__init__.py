"""Generators of the demo's data: deterministic, pure Python."""

from fastlog.demo.hostlog import BOOT, HOST, LogFile, host_log, write_host_log

__all__ = ["BOOT", "HOST", "LogFile", "host_log", "write_host_log"]
