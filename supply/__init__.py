"""What ketascope is made of and how it is passed on: locks, licences, bill of materials, wheel, clean installation.

Nothing here is part of the package. `python -m supply --help` lists what it does.
"""
