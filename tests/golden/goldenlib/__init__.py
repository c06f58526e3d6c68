"""Golden cases: configurations and inputs, what the OpenTelemetry Collector made of them, and the comparison.

``cases``      reads the case files of ``tests/golden/cases``
``canonical``  turns OTLP requests into plain records that can be written down and compared
``run``        runs the collector or fastlog over many cases at once, against a sink in this process
``compare``    differences between two lists of records; the documented deviations
``__main__``   what ``scripts/dev golden`` calls

README.md next to this package describes the files.
"""
