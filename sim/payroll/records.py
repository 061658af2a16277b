"""A bank's records as five checked tables.

Every number column is int64 in millionths of its unit (`SCALE` = 1,000,000), so that sums are exact: 200.50 CNY is 200_500_000.
`exact(value)` gives the Decimal. Text that was not given is "", a date not given NaT.

people       person, name, outlet, team, grade, joined, left, mentor
             One row a person, in the order of the file. person and mentor are ids (str), joined and left datetime64[s].
measures     person, month, measure, value, unit, provenance
             One row for each person, month and measure, sorted by them. All but value are categorical: the categories of
             person are the ids of `people` in its order (so `measures.person.cat.codes` are row numbers of `people`), those
             of month are 'YYYY-MM' in order of time, those of measure the names found, in alphabetical order. unit is the
             unit of the data dictionary (CNY, never ten thousand CNY; a share, never per cent); provenance is measured,
             derived or typed.
targets      person, team, grade, period, measure, value, unit
             Exactly one of person, team, grade is given. period: 2025-01, 2025-Q1, 2025-H1 or 2025. value is never negative.
portfolios   person, group, count, balance
             Customers of a group held by a person: their number, and their balance in CNY.
adjustments  person, month, amount, reason
             Amounts in CNY, whole fen, of either sign; the month may lie after leaving.

Only people and measures must be given; the others are then empty frames with the same columns. Each person has, for each measure
that is recorded of them, a row for every month of the records in which they were in post.
"""
