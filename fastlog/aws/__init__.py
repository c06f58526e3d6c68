"""What fastlog asks of AWS. ``client.py`` is the one file that imports boto3."""
