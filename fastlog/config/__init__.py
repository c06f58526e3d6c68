"""The collector's configuration: YAML in, validated models out."""
