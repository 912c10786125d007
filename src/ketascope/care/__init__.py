"""Care: where treatment is really given. Public directories of facilities, joined, dated, and searched by distance.

`places` turns words into a point, `sources` read public files, `store` keeps them, `finding` answers.
"""
