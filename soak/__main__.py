"""`make soak`: runs the long proofs one after another, or those named, and writes docs/proof.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from datetime import date
from pathlib import Path

from . import Row, broker, drafts, kills, letters, load, outages, page, protocol, truth

PROOFS = {
    "N1": drafts.prove,
    "N4": protocol.prove,
    "N11": outages.prove,
    "N12": kills.prove,
    "N14": truth.prove,
    "N15": load.prove,
    "R2": letters.prove,
    "R5": broker.prove,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("proofs", nargs="*", metavar="N4", help=f"which of {', '.join(PROOFS)}; all without a name")
    parser.add_argument(
        "--share", type=float, default=1, help="a part of the trials, as 0.1; the page is not written then"
    )
    wanted = parser.parse_args()
    if unknown := set(wanted.proofs) - set(PROOFS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(PROOFS)}")
    broken, rows = [], []
    for name in wanted.proofs or PROOFS:
        print(f"Proving {name} …", flush=True)
        started = time.monotonic()
        # A folder each: what one proof leaves is no other's.
        with tempfile.TemporaryDirectory(prefix="portal-soak-", ignore_cleanup_errors=True) as folder:
            # PostgreSQL, whose data lies in it, may be another user.
            Path(folder).chmod(0o755)
            try:
                found = PROOFS[name](Path(folder), wanted.share)
            except Exception:
                # One proof that cannot be carried out must not keep the others from being so.
                traceback.print_exc()
                broken.append(name)
                continue
        rows += found
        for row in found:
            show(row, time.monotonic() - started)
        if wanted.share >= 1:
            page.write(found, date.today())
    if broken:
        print(f"Could not be carried out: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken or not all(row.held for row in rows) else 0


def show(row: Row, seconds: float) -> None:
    print(f"{row.goal} on {row.database}: {'held' if row.held else 'NOT HELD'}, {seconds:.0f} s")
    for words in (row.fault, row.trials, row.outcome, f"Control: {row.control}"):
        print(f"  {words}")


if __name__ == "__main__":
    sys.exit(main())
