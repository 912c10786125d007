"""`python -m ketascope` is the same as `ketascope`."""

from ketascope.cli import main

if __name__ == "__main__":
    main()
