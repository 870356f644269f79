"""Giving up what a process may do by who it is: user, groups, capabilities."""

from __future__ import annotations

import os
from pathlib import Path

from gigaevo.evaluation.sandbox import linux

# Between the ranges that Linux distributions and systemd hand out (systemd's UIDS-GIDS.md), and below 65536, so that
# they exist in containers too.
_FIRST_USER, _USERS = 60706, 470
_DRIVER_USER = 61183
_SLOTS = 11  # so many users lie between those of servers that were started one after another

_INNER_USER = 1000


def user_of_slot(slot: int, *, server: int = 0) -> int:
    """The user that the program in ``slot`` runs as, where the server is root; no two at a time are the same.

    Args:
        slot: Place of the program among those that run at a time.
        server: Id of the server's process, where other servers would see its programs as their own: the kernel counts
            what a user's processes are, wherever they come from.
    """
    return _FIRST_USER + (server * _SLOTS + slot) % _USERS


def driver_user() -> int:
    """The user that drivers run as, where the server is root."""
    return _DRIVER_USER


def become_user(user: int, *, kept: tuple[int, ...] = ()) -> None:
    """From root to ``user``, a member of no group but its own.

    Args:
        user: Id of the user and of its group.
        kept: Capabilities that stay permitted, to be made effective by ``linux.keep_capabilities``.

    Raises:
        OSError: The user does not exist in this user namespace.
    """
    if kept:
        linux.keep_capabilities_across_users()
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def enter_user_namespace(own_proc: int) -> None:
    """Have a user namespace of our own, in which this user is an ordinary one.

    Args:
        own_proc: Descriptor of this process's folder in /proc.

    Raises:
        OSError: The system does not allow it.
    """
    user, group = os.geteuid(), os.getegid()
    linux.unshare(linux.CLONE_NEWUSER)
    linux.show_to_peers()
    _write(own_proc, "setgroups", "deny")
    _write(own_proc, "gid_map", f"{_INNER_USER} {group} 1")
    _write(own_proc, "uid_map", f"{_INNER_USER} {user} 1")
    linux.hide_from_peers()


def become_root_of_new_user_namespace() -> None:
    """Have a user namespace of our own, in which this user is root; outside it stays who it is.

    Raises:
        OSError: The system does not allow it.
    """
    user, group = os.geteuid(), os.getegid()
    linux.unshare(linux.CLONE_NEWUSER)
    linux.show_to_peers()
    own = Path("/proc/self")
    (own / "setgroups").write_text("deny")
    (own / "gid_map").write_text(f"0 {group} 1")
    (own / "uid_map").write_text(f"0 {user} 1")
    linux.hide_from_peers()


def _write(folder: int, name: str, text: str) -> None:
    descriptor = os.open(name, os.O_WRONLY, dir_fd=folder)
    try:
        os.write(descriptor, text.encode("ascii"))
    finally:
        os.close(descriptor)
