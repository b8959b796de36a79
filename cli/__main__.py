"""`python -m cli`: the same as `pressrun`, for processes that must not depend on PATH."""

from cli.main import main

if __name__ == "__main__":
    main()
