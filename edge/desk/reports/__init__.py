"""Reports at the counter, all of this cafe's own documents.

`day_sums` folds a day's documents once and keeps the sums; `sums` makes the reports over many days
of them; `records` lists documents one by one; `views` is what pages and the command line ask.
"""
