"""Does docs/clients.md say which calls a client made? Both runners of tests ask at their end.

    python3 interop/check_table.py tenpay gethbinfo sendredpack

fails unless the row of tenpay has ✅ below these endpoints and — below all others."""

import sys
from pathlib import Path

INTEROP = Path(__file__).resolve().parent
PAGE = INTEROP.parent / "docs" / "clients.md"
CELLS = {"✅": True, "—": False}


def table():
    """The rows of the page's one table, by client: for each endpoint whether it is called."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: dict(zip(head[1:], (CELLS[cell] for cell in row[1:]), strict=True)) for row in rows}


def complaints(client, covered):
    """What is wrong with the table, in sentences."""
    rows = table()
    unknown = [f"there is no client {name} in interop/" for name in rows if not (INTEROP / name).is_dir()]
    told = {endpoint for endpoint, is_called in rows.get(client, {}).items() if is_called}
    missing = [f"{client} called {endpoint}, and the table does not say so" for endpoint in sorted(covered - told)]
    stale = [f"the table says that {client} calls {endpoint}, and it did not" for endpoint in sorted(told - covered)]
    return unknown + missing + stale


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    client, *covered = sys.argv[1:]
    sys.exit("\n".join(complaints(client, set(covered))) or None)


if __name__ == "__main__":
    main()
