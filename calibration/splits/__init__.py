"""From a few measured splits to a forecast of all others: instances x cores each -> throughput.

`read` a CSV file into measurements.
"""
