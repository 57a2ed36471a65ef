"""Closed days leave the hot tables for one file per month; each row is seen exactly once at every instant.

DuckDB writes to one file per transaction, so a day moves in two. The first copies its rows into the month's file under
the next seal number. The second deletes them from the hot tables, notes that number as visible and replaces the views,
which show sealed rows up to the visible number only. A crash in between leaves rows under a number that no view shows,
and they are deleted before anything else is sealed.
"""
