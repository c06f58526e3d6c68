"""The exporters: one folder or file each, found by fastlog.pipeline.registry."""
