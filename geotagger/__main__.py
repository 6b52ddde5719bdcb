"""``python -m geotagger`` is the same as the ``geotagger`` command."""

from geotagger.cli import main

if __name__ == "__main__":
    main()
