"""``python -m geotagger`` is the same as the ``geotagger`` command."""

from geotagger.cli.app import main

if __name__ == "__main__":
    main()
