"""Exporter ``otlphttp``: OTLP logs over HTTP (OTLP specification 1.7, section "OTLP/HTTP")."""

from fastlog.exporters.otlphttp.config import Config
from fastlog.exporters.otlphttp.exporter import create
from fastlog.types import Component

COMPONENT = Component(kind="exporter", type="otlphttp", config=Config, create=create)
