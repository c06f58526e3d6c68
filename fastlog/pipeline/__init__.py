"""From a validated configuration to a running pipeline."""
