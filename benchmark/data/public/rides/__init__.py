"""Public rows of single rides (taxis, bikes) → counts by step and place, in one pass, whatever their number.

In: .csv, .csv.gz, .zip or .parquet files as their providers publish them.
Out: counts [step, place], and of every rule of cleaning how many rows it left out.

Open first: `count.py`, from files to counts. `batches.py` streams the columns that count, under whichever of their names a file has;
`cleaning.py` is the declared table of rules; `months.py` says which months the files cover, and so the clock.
"""
