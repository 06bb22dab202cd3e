"""The rows, one file for each thing that is measured. `measure(options)` yields `Row`s as they are done."""
