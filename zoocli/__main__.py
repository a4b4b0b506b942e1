"""`python -m zoocli`, the same as `zoocli`."""

from zoocli.cli import main

if __name__ == "__main__":
    main()
