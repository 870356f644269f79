"""``python -m tests.hostile`` prints each hostile program with its verdict."""

from __future__ import annotations

from tests.hostile.catalogue import ALL, THEMES


def main() -> None:
    for theme, programs in THEMES.items():
        print(f"\n{theme}\n{'=' * len(theme)}")
        for hostile in programs:
            print(f"  {hostile.name:<66.66}  {'/'.join(hostile.levels):<24}  {hostile.verdict.text}")
    print(f"\n{len(ALL)} programs")


if __name__ == "__main__":
    main()
