"""``python -m tsgan`` is the command ``tsgan``."""

from tsgan.cli.app import main

if __name__ == "__main__":
    main()
