"""`python -m web`: the page as a program of its own."""

import os
import sys

from gevent import monkey  # type: ignore[import-untyped]


def main() -> int:
    """Run the page. Returns the exit status."""
    monkey.patch_all()  # before anything that keeps a socket or a lock of the old kind is imported
    from web.serve import serve

    return serve(sys.argv[1:], os.environ)


if __name__ == "__main__":
    sys.exit(main())
