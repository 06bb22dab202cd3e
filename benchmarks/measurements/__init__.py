"""The measurements, one file for each. `measure(options)` yields `Row`s as they are completed."""
