"""`python -m benchmark` is `stbench`, without installing."""

from benchmark.cli import main

if __name__ == "__main__":
    main()
